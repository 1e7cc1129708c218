/* Every cleaning pass over every model of the tree, in pipeline order: after each one the graph is
 * consistent, and the outputs are those of before, to the bit for an EXACT pass. OQ_CASES names a folder of
 * further models. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pass/bench.h"

#define CLOSE 2e-5 /* largest difference relative to the largest output: reordered sums of float32 */

/* One check for each pass, two when it changed something. */
static void run_passes(bench *b, const char *model)
{
    for (size_t i = 0; oq_pass_at(i); i++) {
        const oq_pass *pass = oq_pass_at(i);
        bench_numbers *before;
        char name[256];
        size_t changed;

        if (!(pass->flags & (OQ_PASS_EXACT | OQ_PASS_CLOSE)))
            continue;
        before = bench_compute(b);
        changed = bench_run(b, pass->run);
        snprintf(name, sizeof name, "%.100s: %.60s, %zu changes", model, pass->name, changed);
        bench_same(b, before, pass->flags & OQ_PASS_EXACT ? 0 : CLOSE, name);
    }
}

static int is_model(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');

    return dot && strcmp(dot, ".onnx") == 0;
}

static void run_folder(const char *folder)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, is_model, alphasort);

    ok(n > 0, "%s has models", folder);
    for (int i = 0; i < n; i++) {
        char path[4096];
        bench *b;

        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        b = bench_load(path);
        ok(b != NULL, "%s is read", entries[i]->d_name);
        if (b) {
            run_passes(b, entries[i]->d_name);
            bench_free(b);
        }
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

int main(void)
{
    const char *cases = getenv("OQ_CASES");

    run_folder(tap_source("models"));
    if (cases)
        run_folder(cases);
    return tap_done();
}
