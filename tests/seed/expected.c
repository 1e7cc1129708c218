#include "seed/expected.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ir/graph.h"
#include "ir/tensor.h"
#include "tap/tap.h"

json_t *expected_json(const char *name)
{
    json_error_t error;
    json_t *json = json_load_file(seed_file(name), 0, &error);

    if (!json)
        tap_bail("%s: %s", name, error.text);
    return json;
}

expected expected_open(const char *name)
{
    char file[256];
    oq_diag diag = {0};
    expected e;

    snprintf(file, sizeof file, "expected/%s.json", name);
    e.json = expected_json(file);
    snprintf(file, sizeof file, "expected/%s.npz", name);
    if (oq_npz_open(seed_file(file), &e.npz, &diag) != OQ_OK)
        tap_bail("%s: %s", file, diag.message);
    return e;
}

void expected_close(expected *e)
{
    json_decref(e->json);
    oq_npz_close(e->npz);
}

static const void *array_at(const expected *e, size_t i, size_t *n)
{
    oq_mapping bytes;
    oq_npy header;

    if (oq_npz_header(e->npz, i, &header, NULL) != OQ_OK || oq_npz_load(e->npz, i, &bytes, NULL) != OQ_OK)
        tap_bail("damaged archive");
    *n = header.n;
    return bytes.data + header.offset;
}

const void *expected_array(const expected *e, const char *name, size_t *n)
{
    size_t i = oq_npz_find(e->npz, name);

    return i < oq_npz_count(e->npz) ? array_at(e, i, n) : NULL;
}

/* ---- parameters */

/* Where a PyTorch module is in the graph. */
static const struct {
    const char *module, *op_type;
    int nth;
} places[] = {
    {"module.conv1", "Conv", 0}, {"module.conv2", "Conv", 1}, {"module.skip_add", "Add", 0},
    {"module.cat", "Concat", 0}, {"module.fc", "Gemm", 0},
};

static const oq_node *node_of(const seed_run *run, const char *name)
{
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (strncmp(name, places[i].module, strlen(places[i].module)) == 0)
            return seed_node(run, places[i].op_type, places[i].nth);
    }
    return NULL;
}

static const oq_node *weight_pair(const oq_node *node)
{
    return node && node->n_inputs > 1 ? node->inputs[1]->producer : NULL;
}

/* The pair of a module's result, of its weight, or of the network's input. */
static const oq_node *pair_of(const seed_run *run, const char *name)
{
    const oq_node *node = node_of(run, name);

    if (strncmp(name, "quant", 5) == 0)
        return seed_pair(run->model->graph->inputs[0]);
    if (strstr(name, "weight_fake_quant"))
        return weight_pair(node);
    return node ? seed_pair(node->outputs[0]) : NULL;
}

static json_t *item(json_t *list, size_t i)
{
    return json_is_array(list) ? json_array_get(list, i) : list;
}

/* scale, zero_point: numbers or lists of them. */
static void compare_pair(const oq_node *pair, json_t *scale, json_t *zero_point, params_diff *diff)
{
    const oq_tensor *s = pair ? oq_value_constant(pair->inputs[1]) : NULL;
    size_t n = json_is_array(scale) ? json_array_size(scale) : 1;

    diff->n_scales += n;
    if (!s || s->n_elements != n) {
        diff->scale = INFINITY;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        double want = json_number_value(item(scale, i));
        int64_t zero = 0;
        float got;

        oq_tensor_floats_at(s, i, 1, &got);
        oq_tensor_int(oq_value_constant(pair->inputs[2]), i, &zero);
        diff->scale = fmax(diff->scale, fabs((double)got - want) / want);
        diff->n_zero_points += zero != json_integer_value(item(zero_point, i));
    }
}

params_diff expected_fake_params(const expected *e, const seed_run *run)
{
    params_diff diff = {0};
    const char *name;
    json_t *observer;

    json_object_foreach(json_object_get(e->json, "fake"), name, observer)
    {
        compare_pair(pair_of(run, name), json_object_get(observer, "scale"),
                     json_object_get(observer, "zero_point"), &diff);
    }
    return diff;
}

params_diff expected_true_params(const expected *e, const seed_run *run)
{
    params_diff diff = {0};
    const char *name;
    json_t *module;

    json_object_foreach(json_object_get(e->json, "converted"), name, module)
    {
        compare_pair(pair_of(run, name), json_object_get(module, "scale"),
                     json_object_get(module, "zero_point"), &diff);
        if (json_object_get(module, "weight_scale"))
            compare_pair(weight_pair(node_of(run, name)), json_object_get(module, "weight_scale"),
                         json_object_get(module, "weight_zero_point"), &diff);
    }
    return diff;
}

size_t expected_weights(const expected *e, const seed_run *run, size_t *n)
{
    size_t n_differ = 0;
    const char *name;
    json_t *module;

    *n = 0;
    json_object_foreach(json_object_get(e->json, "converted"), name, module)
    {
        json_t *want = json_object_get(module, "weight_int");
        const oq_node *pair = want ? weight_pair(node_of(run, name)) : NULL;

        for (size_t i = 0; i < json_array_size(want); i++) {
            int64_t got = INT64_MAX;

            if (pair)
                oq_tensor_int(oq_value_constant(pair->inputs[0]), i, &got);
            n_differ += got != json_integer_value(json_array_get(want, i));
        }
        *n += json_array_size(want);
    }
    return n_differ;
}

/* ---- integers */

size_t expected_steps(const expected *e, const seed_run *run, size_t *n)
{
    size_t at = 0, n_differ = 0;

    *n = 0;
    for (size_t i = 0; i < oq_npz_count(e->npz); i++) {
        const char *name = oq_npz_name(e->npz, i);
        const seed_step *step = &run->steps[at];
        size_t n_here, differ_here = 0;
        const uint8_t *want;

        if (strncmp(name, "int/", 4) != 0)
            continue;
        want = array_at(e, i, &n_here);
        if (at++ == run->n_steps || n_here != step->n)
            return SIZE_MAX;
        for (size_t k = 0; k < n_here; k++)
            differ_here += want[k] != step->data[k];
        if (differ_here)
            tap_diag("%s: %zu of %zu integers differ", name, differ_here, n_here);
        n_differ += differ_here;
        *n += n_here;
    }
    return at == run->n_steps ? n_differ : SIZE_MAX;
}
