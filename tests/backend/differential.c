/* differential: models that scripts/differential.py found and that were our faults; one folder each, as the
 * backend tests of ONNX lie. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/case.h"
#include "tap/tap.h"

static int is_case(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(void)
{
    const char *root = tap_source("tests/backend/differential");
    struct dirent **found = NULL;
    int n = scandir(root, &found, is_case, alphasort);
    char folder[4096], reason[512], name[256];

    for (int i = 0; i < n; i++) {
        snprintf(folder, sizeof folder, "%s/%s", root, found[i]->d_name);
        snprintf(name, sizeof name, "%s", found[i]->d_name);
        is_int(run_case(folder, reason, sizeof reason), CASE_PASS, name);
        if (reason[0])
            printf("# %s\n", reason);
        free(found[i]);
    }
    free(found);
    ok(n > 0, "there are cases");
    return tap_done();
}
