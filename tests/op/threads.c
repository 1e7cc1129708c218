/* Operators give the same bits on one thread and on three. */
#include <string.h>

#include "filling.h"
#include "host.h"
#include "tap/tap.h"

static oq_pool *pool;

typedef struct {
    const char *name, *op;
    int opset, n_in;
    int64_t dims[3][4];
    int rank[3];
    void (*set)(oq_node *node);
} job;

static void kernel_3(oq_node *node)
{
    oq_node_set_ints(node, "kernel_shape", (int64_t[]){3, 3}, 2);
    oq_node_set_ints(node, "pads", (int64_t[]){1, 1, 1, 1}, 4);
}

static void depthwise(oq_node *node)
{
    oq_node_set_int(node, "group", 24);
}

static void axis_1(oq_node *node)
{
    oq_node_set_int(node, "axis", 1);
}

static const job jobs[] = {
    {"convolution", "Conv", 13, 2, {{3, 24, 30, 31}, {32, 24, 3, 3}}, {4, 4}, NULL},
    {"pointwise convolution", "Conv", 13, 2, {{3, 24, 30, 31}, {32, 24, 1, 1}}, {4, 4}, NULL},
    {"depthwise convolution", "Conv", 13, 2, {{3, 24, 30, 31}, {24, 1, 3, 3}}, {4, 4}, depthwise},
    {"transposed convolution", "ConvTranspose", 13, 2, {{2, 24, 30, 31}, {24, 9, 2, 2}}, {4, 4}, NULL},
    {"large product", "MatMul", 13, 2, {{300, 200}, {200, 150}}, {2, 2}, NULL},
    {"batches of products", "MatMul", 13, 2, {{3, 4, 40, 50}, {3, 4, 50, 60}}, {4, 4}, NULL},
    {"Gemm", "Gemm", 13, 3, {{300, 200}, {200, 150}, {150}}, {2, 2, 1}, NULL},
    {"maxima", "MaxPool", 12, 1, {{3, 24, 30, 31}}, {4}, kernel_3},
    {"averages", "AveragePool", 12, 1, {{3, 24, 30, 31}}, {4}, kernel_3},
    {"global average", "GlobalAveragePool", 12, 1, {{3, 24, 30, 31}}, {4}, NULL},
    {"softmax", "Softmax", 13, 1, {{30, 24, 31}}, {3}, axis_1},
    {"layer normalization", "LayerNormalization", 17, 3, {{40, 24, 31}, {31}, {31}}, {3, 1, 1}, NULL},
    {"instance normalization",
     "InstanceNormalization",
     13,
     3,
     {{3, 24, 30, 31}, {24}, {24}},
     {4, 1, 1},
     NULL},
    {"LSTM", "LSTM", 14, 3, {{20, 16, 40}, {1, 400, 40}, {1, 400, 100}}, {3, 3, 3}, NULL},
};

static host *run(const job *j, bool in_parallel)
{
    host *h = host_new(j->op, j->opset, j->n_in, 1);

    for (int i = 0; i < j->n_in; i++) {
        float *x = some_floats(oq_dims_product(j->dims[i], 0, j->rank[i]), (uint64_t)i + 1);

        host_floats(h, i, x, j->dims[i], j->rank[i]);
        if (i == 1 && j->n_in == 2)
            oq_value_set_constant(h->node->inputs[i],
                                  oq_tensor_from_floats(h->model->arena, x, j->dims[i], j->rank[i]));
        free(x);
    }
    if (j->set)
        j->set(h->node);
    h->pool = in_parallel ? pool : NULL;
    is_int(host_run(h), OQ_OK, j->name);
    return h;
}

int main(void)
{
    pool = oq_pool_new(3);
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        host *one = run(&jobs[i], false), *three = run(&jobs[i], true);

        ok(one->out[0].size == three->out[0].size &&
               memcmp(one->out[0].data, three->out[0].data, one->out[0].size) == 0,
           "the same bits");
        host_free(one);
        host_free(three);
    }
    oq_pool_free(pool);
    return tap_done();
}
