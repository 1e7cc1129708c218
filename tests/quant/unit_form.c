/* A unit as a matrix product: its rows times its matrix are what the operator gives. */
#include "quant/unit_form.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exec/exec.h"
#include "pass/bench.h"

/* Result of the unit at output `o` of group g, row i, in plain layout. */
static float result_at(const oq_tensor *y, const oq_unit_form *form, size_t g, size_t o, size_t i)
{
    size_t channels = form->groups * form->n_out, positions = y->n_elements / channels, inner, image, at;
    const float *data = y->data;

    if (!form->is_conv)
        return data[i * channels + o];
    inner = positions / (size_t)y->dims[0];
    image = i / inner;
    at = i % inner;
    return data[(image * channels + g * form->n_out + o) * inner + at];
}

/* The same rows from the channels-last form of x. */
static void compare_layouts(const oq_unit_form *form, const oq_array *x, const float *rows, size_t n)
{
    size_t channels = (size_t)x->dims[1], images = (size_t)x->dims[0], plane = x->n / channels / images;
    size_t size = form->groups * n * form->k;
    float *last = malloc(x->size), *again = malloc(size * sizeof *again);
    oq_array turned = *x;
    oq_rng rng = {1};

    for (int i = 1; i + 1 < x->rank; i++)
        turned.dims[i] = x->dims[i + 1];
    turned.dims[x->rank - 1] = x->dims[1];
    turned.data = last;
    for (size_t i = 0; i < x->n; i++)
        last[(i / channels / plane * plane + i % plane) * channels + i / plane % channels] =
            ((const float *)x->data)[i];
    is_int(oq_unit_rows(form, &turned, true, SIZE_MAX, &rng, again), n, "as many rows channels-last");
    is_mem(again, rows, size * sizeof *rows, "and the same ones");
    free(last);
    free(again);
}

static void compare(bench *b, oq_node *node, const char *name)
{
    const oq_tensor *weight = node->inputs[1]->constant;
    oq_tensor *x, *y = NULL;
    int64_t dims[OQ_MAX_RANK];
    oq_array in[2], back;
    const oq_array *inputs[2] = {&in[0], &in[1]};
    oq_arena *arena = oq_arena_new(0);
    oq_unit_form form;
    oq_rng rng = {1};
    float *matrix = malloc(weight->n_elements * sizeof *matrix);
    float *weight_again = malloc(weight->n_elements * sizeof *weight_again), *rows;
    double worst = 0;
    size_t n;

    for (int i = 0; i < node->inputs[0]->shape.rank; i++)
        dims[i] = node->inputs[0]->shape.dims[i].size;
    x = bench_random(b, "data", dims, node->inputs[0]->shape.rank)->constant;
    oq_array_of_tensor(x, arena, &in[0]);
    oq_array_of_tensor(weight, arena, &in[1]);
    is_int(oq_exec_node(node, inputs, arena, 1 << 24, &y, NULL), OQ_OK, name);
    ok(oq_unit_form_of(node, weight, &form), "%s has a matrix form", name);
    oq_unit_to_matrix(&form, in[1].data, matrix);
    oq_unit_from_matrix(&form, matrix, weight_again);
    is_mem(weight_again, in[1].data, weight->size, "there and back");
    rows = malloc(form.groups * form.k * y->n_elements * sizeof *rows);
    n = oq_unit_rows(&form, &in[0], false, SIZE_MAX, &rng, rows);
    is_int(n * form.groups * form.n_out, y->n_elements, "a row per position");
    for (size_t g = 0; g < form.groups; g++)
        for (size_t i = 0; i < n; i++)
            for (size_t o = 0; o < form.n_out; o++) {
                double sum = 0;

                for (size_t j = 0; j < form.k; j++)
                    sum += (double)rows[(g * n + i) * form.k + j] *
                           (double)matrix[(g * form.n_out + o) * form.k + j];
                worst = fmax(worst, fabs(sum - (double)result_at(y, &form, g, o, i)));
            }
    ok(worst < 1e-5, "%s: rows times matrix are the result, within %g", name, worst);
    if (form.is_conv)
        compare_layouts(&form, &in[0], rows, n);
    n = oq_unit_rows(&form, &in[0], false, 3, &rng, rows);
    ok(n <= 3, "no more rows than asked for");
    back = in[0];
    back.dims[back.rank == 2 ? 1 : form.is_conv ? 1 : 2]++;
    is_int(oq_unit_rows(&form, &back, false, 3, &rng, rows), 0, "an input that does not fit gives none");
    free(rows);
    free(matrix);
    free(weight_again);
    oq_arena_free(arena);
}

static void convolutions(void)
{
    bench *b = bench_new(17);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 4, 7, 6));
    oq_value *signal = bench_input(b, "signal", OQ_FLOAT, DIMS(1, 3, 20));
    oq_node *node = bench_node(b, "Conv", "a", 2, x, bench_random(b, "wa", DIMS(5, 4, 3, 3)));

    oq_node_set_ints(node, "pads", (const int64_t[]){1, 0, 1, 1}, 4);
    oq_node_set_ints(node, "strides", (const int64_t[]){2, 1}, 2);
    compare(b, node, "Conv 3x3 with stride and padding");
    node = bench_node(b, "Conv", "b", 2, x, bench_random(b, "wb", DIMS(8, 1, 3, 2)));
    oq_node_set_int(node, "group", 4);
    oq_node_set_ints(node, "dilations", (const int64_t[]){2, 1}, 2);
    compare(b, node, "depthwise Conv with dilation");
    node = bench_node(b, "Conv", "c", 2, signal, bench_random(b, "wc", DIMS(6, 3, 5)));
    oq_node_set_string(node, "auto_pad", "SAME_UPPER");
    compare(b, node, "Conv of one axis with auto_pad");
    node = bench_node(b, "Conv", "d", 2, x, bench_random(b, "wd", DIMS(3, 4, 1, 1)));
    compare(b, node, "Conv 1x1");
    bench_free(b);
}

static void products(void)
{
    bench *b = bench_new(17);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(5, 6));
    oq_value *batch = bench_input(b, "batch", OQ_FLOAT, DIMS(2, 3, 6));
    oq_node *node = bench_node(b, "Gemm", "a", 2, x, bench_random(b, "wa", DIMS(6, 4)));
    oq_unit_form form;

    compare(b, node, "Gemm");
    node = bench_node(b, "Gemm", "b", 2, x, bench_random(b, "wb", DIMS(4, 6)));
    oq_node_set_int(node, "transB", 1);
    compare(b, node, "Gemm with transB");
    oq_node_set_int(node, "transA", 1);
    ok(!oq_unit_form_of(node, node->inputs[1]->constant, &form), "transA has no such form");
    compare(b, bench_node(b, "MatMul", "c", 2, batch, bench_random(b, "wc", DIMS(6, 7))), "MatMul");
    node = bench_node(b, "MatMul", "d", 2, batch, bench_random(b, "wd", DIMS(2, 6, 7)));
    ok(!oq_unit_form_of(node, node->inputs[1]->constant, &form), "a weight of rank 3 has none");
    bench_free(b);
}

int main(void)
{
    convolutions();
    products();
    return tap_done();
}
