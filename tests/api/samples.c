#include "api/samples.h"

#include <dirent.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/rng.h"

const bundled bundled_models[] = {
    {"digits_cnn", "models/digits_cnn.onnx", "models/digits_calib.npz", "models/digits_eval.npz"},
    {"tiny_transformer", "models/tiny_transformer.onnx", "models/chars_calib.npz", "models/chars_eval.npz"},
    {"tiny_lstm", "models/tiny_lstm.onnx", "models/rows_calib.npz", "models/rows_eval.npz"},
    {"tiny_gru", "models/tiny_gru.onnx", "models/rows_calib.npz", "models/rows_eval.npz"},
    {"seed_multiple_ops", "models/seed_multiple_ops.onnx", "models/seed_calib.npz", "models/seed_eval.npz"},
    {"seed_noavgpool", "models/seed_noavgpool.onnx", "models/seed_calib.npz", "models/seed_eval.npz"},
    {NULL, NULL, NULL, NULL}};

oq_model *load_source(const char *relative)
{
    oq_diag diag = {.status = OQ_OK};
    oq_model *model = NULL;

    if (oq_model_load(tap_source(relative), &model, &diag) != OQ_OK)
        tap_bail("%s: %s", relative, diag.message);
    return model;
}

oq_options options_with(const char *calib)
{
    static char paths[8][4096]; /* tap_source's own buffers turn over sooner */
    static int next;
    oq_options options;

    oq_options_init(&options);
    if (calib) {
        char *path = paths[next++ % 8];

        snprintf(path, sizeof *paths, "%s", tap_source(calib));
        options.data.path = path;
    }
    options.threads = 2;
    return options;
}

oq_buf bytes_of(const oq_model *model)
{
    oq_buf out = {0};
    oq_diag diag = {.status = OQ_OK};

    if (oq_export_memory(model, &out, &diag) != OQ_OK)
        tap_bail("cannot encode: %s", diag.message);
    return out;
}

oq_buf bytes_of_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    oq_buf out = {0};
    char piece[4096];
    size_t n;

    while (file && (n = fread(piece, 1, sizeof piece, file)) > 0)
        oq_buf_append(&out, piece, n);
    if (file)
        fclose(file);
    return out;
}

oq_buf converted(const char *path, const oq_options *options)
{
    oq_model *model = load_source(path);
    oq_diag diag = {.status = OQ_OK};
    oq_buf out = {0};

    if (oq_convert(model, options, NULL, &diag) == OQ_OK)
        out = bytes_of(model);
    else
        ok(false, "%s converts: %s", path, diag.message);
    oq_model_free(model);
    return out;
}

bool same_bytes(const oq_buf *a, const oq_buf *b)
{
    return a->size > 0 && a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

const char *fresh_folder(void)
{
    static char names[8][4096];
    static int n;
    char *name = names[n % 8];

    snprintf(name, sizeof *names, "%s/%d", tap_tmpdir(), n++);
    if (mkdir(name, 0700) != 0)
        tap_bail("cannot make folder %s", name);
    return name;
}

int files_in(const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    int n = 0;

    while (dir && (entry = readdir(dir)))
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (dir)
        closedir(dir);
    return n;
}

bool says(const char *haystack, const char *needle)
{
    bool found = haystack && strstr(haystack, needle);

    if (!found)
        tap_diag("no '%s' in:\n%s", needle, haystack ? haystack : "(nothing)");
    return found;
}

oq_model *reload(bench *b, oq_buf *out)
{
    oq_diag diag = {.status = OQ_OK};
    oq_model *model = NULL;

    *out = bytes_of(b->model);
    bench_free(b);
    if (oq_model_load_memory(out->data, out->size, &model, &diag) != OQ_OK)
        tap_bail("the test's model cannot be read: %s", diag.message);
    return model;
}

static void fill_input(source *s, size_t sample, oq_input *input)
{
    oq_rng rng = {sample + 1};
    size_t n = 1;

    input->rank = s->rank;
    for (int d = 0; d < s->rank; d++) {
        input->dims[d] = s->dims[d];
        n *= (size_t)s->dims[d];
    }
    for (size_t i = 0; i < n; i++)
        s->data[i] = 2 * oq_rng_float(&rng) - 1;
    if (s->nan_at)
        s->data[s->nan_at - 1] = NAN;
    input->data = s->no_data ? NULL : s->data;
    if (s->says_other_type)
        input->dtype = 11;
}

/* One buffer for all samples: what it holds is lost when the next one is asked for. */
oq_status supply(void *arg, size_t sample, size_t n_inputs, oq_input *inputs)
{
    source *s = arg;

    s->was_entered_twice |= s->n_inside++ > 0;
    s->n_calls++;
    sched_yield();
    for (size_t i = 0; i < n_inputs; i++)
        fill_input(s, sample, &inputs[i]);
    s->n_inside--;
    return s->fail_at && sample == s->fail_at - 1 ? OQ_IO : OQ_OK;
}
