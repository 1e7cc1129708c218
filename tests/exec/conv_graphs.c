#include "exec/conv_graphs.h"

#include <string.h>

#include "pass/pass.h"
#include "tap/tap.h"

net net_new(uint64_t seed, const int64_t *dims, int rank, bool is_dynamic)
{
    net n = {.model = oq_model_new(0), .rng = {seed}, .is_dynamic = is_dynamic, .arena = oq_arena_new(0)};
    oq_shape shape = oq_shape_of(dims, rank);
    float *data;
    size_t count = 1;

    n.graph = n.model->graph;
    oq_model_set_opset(n.model, "", 17);
    for (int i = 0; i < rank; i++) {
        n.feed.dims[i] = dims[i];
        count *= (size_t)dims[i];
        if (is_dynamic && i != 1)
            shape.dims[i].size = -1;
    }
    oq_graph_add_input(n.graph, oq_value_new(n.graph, "x", OQ_FLOAT, &shape));
    data = oq_arena_alloc(n.arena, count * sizeof *data < 64 ? 64 : count * sizeof *data);
    for (size_t i = 0; i < count; i++)
        data[i] = 2 * oq_rng_float(&n.rng) - 1;
    n.feed = (oq_array){.dtype = OQ_FLOAT, .rank = rank, .n = count, .data = data, .size = count * 4};
    memcpy(n.feed.dims, dims, (size_t)rank * sizeof *dims);
    return n;
}

void net_free(net *n)
{
    oq_model_destroy(n->model);
    oq_arena_free(n->arena);
}

oq_value *net_input(const net *n)
{
    return n->graph->inputs[0];
}

oq_value *net_constant(net *n, const int64_t *dims, int rank)
{
    float *values;
    size_t count = 1;

    for (int i = 0; i < rank; i++)
        count *= (size_t)dims[i];
    values = oq_arena_alloc(n->arena, count * sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = 2 * oq_rng_float(&n->rng) - 1;
    return oq_graph_add_initializer(n->graph, "w",
                                    oq_tensor_from_floats(n->model->arena, values, dims, rank));
}

oq_node *net_node(net *n, const char *op_type, oq_value *a, oq_value *b, oq_value *c)
{
    oq_value *inputs[3] = {a, b, c};

    return oq_node_new(n->graph, NULL, op_type, "", op_type, inputs, c ? 3 : b ? 2 : 1, 1, NULL);
}

static void set_pairs(oq_node *node, const char *name, int64_t value, int count)
{
    int64_t list[2 * OQ_MAX_RANK];

    for (int i = 0; i < count; i++)
        list[i] = value;
    oq_node_set_ints(node, name, list, (size_t)count);
}

oq_value *net_conv(net *n, oq_value *x, int64_t from, int64_t to, int kernel, int stride, int64_t group,
                   int rank)
{
    int64_t dims[OQ_MAX_RANK] = {to, from / group};
    oq_node *conv;

    for (int i = 2; i < rank; i++)
        dims[i] = kernel;
    conv = net_node(n, "Conv", x, net_constant(n, dims, rank), net_constant(n, &to, 1));
    set_pairs(conv, "pads", kernel / 2, 2 * (rank - 2));
    set_pairs(conv, "strides", stride, rank - 2);
    oq_node_set_int(conv, "group", group);
    return conv->outputs[0];
}

static oq_value *activation(net *n, oq_value *x, int64_t channels, int rank)
{
    int64_t slope[OQ_MAX_RANK] = {channels, 1, 1, 1, 1};
    oq_value *gate;

    switch (oq_rng_below(&n->rng, 5)) {
    case 0: return net_node(n, "Relu", x, NULL, NULL)->outputs[0];
    case 1: return net_node(n, "PRelu", x, net_constant(n, slope, rank - 1), NULL)->outputs[0];
    case 2: return net_node(n, "LeakyRelu", x, NULL, NULL)->outputs[0];
    case 3:
        gate = net_node(n, "Sigmoid", x, NULL, NULL)->outputs[0];
        return net_node(n, "Mul", x, gate, NULL)->outputs[0];
    default: return x;
    }
}

static oq_value *pool(net *n, const char *op_type, oq_value *x, int rank)
{
    oq_node *node = net_node(n, op_type, x, NULL, NULL);

    set_pairs(node, "kernel_shape", 3, rank - 2);
    set_pairs(node, "pads", 1, 2 * (rank - 2));
    return node->outputs[0];
}

static oq_value *resize_twice(net *n, oq_value *x, int rank)
{
    float scales[OQ_MAX_RANK] = {1, 1, 2, 2, 2};
    int64_t dim = rank;
    oq_value *inputs[3] = {
        x, NULL,
        oq_graph_add_initializer(n->graph, "s", oq_tensor_from_floats(n->model->arena, scales, &dim, 1))};
    oq_node *node = oq_node_new(n->graph, NULL, "Resize", "", "Resize", inputs, 3, 1, NULL);

    oq_node_set_string(node, "mode", oq_rng_below(&n->rng, 2) ? "nearest" : "linear");
    return pool(n, oq_rng_below(&n->rng, 2) ? "MaxPool" : "AveragePool", node->outputs[0], rank);
}

static oq_value *there_and_back(net *n, oq_value *x, int rank)
{
    int64_t there[OQ_MAX_RANK] = {0}, back[OQ_MAX_RANK] = {0, rank - 1};
    oq_node *node = net_node(n, "Transpose", x, NULL, NULL);

    for (int i = 1; i < rank; i++)
        there[i] = i + 1 < rank ? i + 1 : 1;
    for (int i = 2; i < rank; i++)
        back[i] = i - 1;
    oq_node_set_ints(node, "perm", there, (size_t)rank);
    node = net_node(n, "Softmax", node->outputs[0], NULL, NULL);
    node = net_node(n, "Transpose", node->outputs[0], NULL, NULL);
    oq_node_set_ints(node, "perm", back, (size_t)rank);
    return node->outputs[0];
}

static oq_value *with_axis(net *n, const char *op_type, oq_value *a, oq_value *b, int64_t axis)
{
    oq_node *node = net_node(n, op_type, a, b, NULL);

    oq_node_set_int(node, "axis", axis);
    return node->outputs[0];
}

static oq_value *mean_of_pixels(net *n, oq_value *x, int rank)
{
    oq_node *node = net_node(n, "ReduceMean", x, NULL, NULL);
    int64_t axes[OQ_MAX_RANK];

    for (int i = 2; i < rank; i++)
        axes[i - 2] = i;
    oq_node_set_ints(node, "axes", axes, (size_t)rank - 2);
    return net_node(n, "Sub", x, node->outputs[0], NULL)->outputs[0];
}

static oq_value *block(net *n, oq_value *x, int64_t c, int rank)
{
    oq_value *y, *z;

    switch (oq_rng_below(&n->rng, 9)) {
    case 0: /* residual */
        y = activation(n, net_conv(n, x, c, c, 1, 1, 1, rank), c, rank);
        y = net_conv(n, y, c, c, 3, 1, 1, rank);
        y = net_node(n, "Add", y, x, NULL)->outputs[0];
        return activation(n, y, c, rank);
    case 1: /* squeeze and excite */
        y = net_node(n, "GlobalAveragePool", x, NULL, NULL)->outputs[0];
        y = net_node(n, "HardSigmoid", net_conv(n, y, c, c, 1, 1, 1, rank), NULL, NULL)->outputs[0];
        return net_node(n, "Mul", x, y, NULL)->outputs[0];
    case 2: /* fire */
        y = activation(n, net_conv(n, x, c, c / 2, 1, 1, 1, rank), c / 2, rank);
        z = activation(n, net_conv(n, x, c, c / 2, 3, 1, 1, rank), c / 2, rank);
        return with_axis(n, "Concat", y, z, oq_rng_below(&n->rng, 2) ? 1 : 1 - rank);
    case 3: return activation(n, net_conv(n, x, c, c, 3, 1, c, rank), c, rank);
    case 4: return resize_twice(n, net_conv(n, x, c, c, 3, 2, 1, rank), rank);
    case 5: return there_and_back(n, x, rank);
    case 6: return with_axis(n, "Softmax", x, NULL, 1);
    case 7: return mean_of_pixels(n, x, rank);
    default: return activation(n, net_conv(n, x, c, c, 3, 1, 1, rank), c, rank);
    }
}

void net_random(net *n, int rank, int64_t channels)
{
    oq_value *x =
        activation(n, net_conv(n, net_input(n), n->feed.dims[1], channels, 3, 1, 1, rank), channels, rank);
    oq_value *y;

    for (int i = 0; i < 6; i++)
        x = block(n, x, channels, rank);
    y = net_node(n, "GlobalMaxPool", x, NULL, NULL)->outputs[0];
    oq_graph_add_output(n->graph, net_node(n, "Flatten", y, NULL, NULL)->outputs[0]);
    net_finish(n, x);
}

void net_finish(net *n, oq_value *output)
{
    oq_pass_ctx ctx = {.arena = n->arena};

    oq_graph_add_output(n->graph, output);
    oq_infer_shapes(n->graph, &ctx);
}

oq_array *net_reference(net *n)
{
    oq_array *values = OQ_NEW_ARRAY(n->arena, oq_array, n->model->n_values);

    values[net_input(n)->id] = n->feed;
    for (int i = 0; i < n->graph->n_initializers; i++)
        oq_array_of_tensor(n->graph->initializers[i]->constant, n->arena,
                           &values[n->graph->initializers[i]->id]);
    OQ_FOR_EACH_NODE (n->graph, node) {
        const oq_array *inputs[8] = {NULL};
        oq_tensor *output;
        oq_diag diag = {.status = OQ_OK};

        for (int i = 0; i < node->n_inputs; i++)
            inputs[i] = node->inputs[i] ? &values[node->inputs[i]->id] : NULL;
        if (oq_exec_node(node, inputs, n->arena, (size_t)1 << 30, &output, &diag) != OQ_OK)
            tap_bail("%s: %s", node->op_type, diag.message);
        oq_array_of_tensor(output, n->arena, &values[node->outputs[0]->id]);
    }
    return values;
}
