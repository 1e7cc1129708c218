#include <stdlib.h>

#include "api/samples.h"

int main(void)
{
    static const char *const rows[][2] = {
        {"ops", "ConvTranspose"}, {"passes", "fuse_batchnorm"}, {"methods", "minmax"}};
    oq_diag diag = {.status = OQ_OK};
    char *text = NULL;

    for (int i = 0; i < 3; i++) {
        for (int json = 0; json < 2; json++) {
            is_int(oq_table(rows[i][0], json, &text, NULL), OQ_OK, rows[i][0]);
            ok(says(text, rows[i][1]), "holds %s", rows[i][1]);
            free(text);
        }
    }
    is_int(oq_table("chairs", 0, &text, &diag), OQ_ARG, "another table is refused");
    ok(says(diag.message, "chairs"), "by name");
    return tap_done();
}
