#include <stdlib.h>

#include "api/samples.h"

int main(void)
{
    oq_model *model;
    char *text = NULL;
    int is_fine = 0;

    for (const bundled *b = bundled_models; b->name; b++) {
        model = load_source(b->model);
        is_int(oq_check(model, 0, &text, &is_fine, NULL), OQ_OK, b->name);
        ok(is_fine && says(text, "round trip"), "%s is sound", b->name);
        free(text);
        oq_model_free(model);
    }
    return tap_done();
}
