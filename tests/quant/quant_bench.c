#include "quant/quant_bench.h"

const oq_quant_options quant_defaults = {.placement = OQ_PLACE_INTEGER_KERNELS,
                                         .mode = OQ_QMODE_ONNX,
                                         .activations = OQ_UINT8,
                                         .weights = OQ_INT8};

net net_new(void)
{
    bench *b = bench_new(13);
    net n = {.b = b};

    n.x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 3, 8, 8));
    n.w1 = bench_random(b, "w1", DIMS(4, 3, 3, 3));
    n.b1 = bench_random(b, "b1", DIMS(4));
    n.w2 = bench_random(b, "w2", DIMS(4, 4, 1, 1));
    n.conv1 = bench_node(b, "Conv", "c1", 3, n.x, n.w1, n.b1);
    n.relu = bench_node(b, "Relu", "r1", 1, n.conv1->outputs[0]);
    n.pool = bench_node(b, "MaxPool", "p", 1, n.relu->outputs[0]);
    oq_node_set_ints(n.pool, "kernel_shape", (int64_t[]){2, 2}, 2);
    n.conv2 = bench_node(b, "Conv", "c2", 2, n.pool->outputs[0], n.w2);
    n.add = bench_node(b, "Add", "sum", 2, n.conv2->outputs[0], bench_random(b, "k", DIMS(4, 1, 1)));
    n.sigmoid = bench_node(b, "Sigmoid", "out", 1, n.add->outputs[0]);
    bench_output(b, n.sigmoid->outputs[0]);
    bench_run(b, oq_infer_shapes);
    return n;
}

void net_free(net *n)
{
    bench_free(n->b);
}

void net_plan(net *n, const oq_quant_options *options, float lo, float hi)
{
    oq_diag *diag = &n->b->diag;

    if (oq_plan_new(n->b->model, options, n->b->model->arena, &n->plan) != OQ_OK ||
        oq_plan_place(n->plan, n->b->model, diag) != OQ_OK)
        tap_bail("placement failed: %s", diag->message);
    for (int id = 0; id < n->plan->n_values; id++) {
        if (oq_plan_wants_range(n->plan, id)) {
            n->plan->values[oq_plan_owner(n->plan, id)].lo = lo;
            n->plan->values[oq_plan_owner(n->plan, id)].hi = hi;
        }
    }
    if (oq_plan_resolve(n->plan, n->b->model, diag) != OQ_OK)
        tap_bail("no parameters: %s", diag->message);
    n->b->ctx.plan = n->plan;
}

void net_quantize(net *n, oq_pass_fn *last)
{
    static oq_pass_fn *const passes[] = {oq_fake_quant, oq_per_channel, oq_bias,
                                         oq_lower_qdq,  oq_clean_qdq,   NULL};

    for (int i = 0; passes[i]; i++) {
        bench_run(n->b, passes[i]);
        if (passes[i] == last)
            return;
    }
}

bool net_reads_quantized(const net *n, const oq_node *node, int input)
{
    return n->plan->nodes[node->id].quantized_inputs >> input & 1;
}
