#include "quant/quant_bench.h"

/* A Conv as training tools export it: QuantizeLinear and DequantizeLinear on input and float weight. */
static net trained(void)
{
    bench *b = bench_new(13);
    net n = {.b = b};
    oq_value *s, *z, *zw;
    oq_node *q, *qw;

    n.x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 3, 4, 4));
    n.w1 = bench_random(b, "w", DIMS(2, 3, 1, 1));
    n.b1 = bench_random(b, "bias", DIMS(2));
    s = bench_scalar(b, "s", 0.01f);
    z = oq_graph_add_initializer(b->graph, "z", oq_tensor_scalar_int(b->model->arena, OQ_UINT8, 100));
    zw = oq_graph_add_initializer(b->graph, "zw", oq_tensor_scalar_int(b->model->arena, OQ_INT8, 0));
    q = bench_node(b, "QuantizeLinear", "q", 3, n.x, s, z);
    q = bench_node(b, "DequantizeLinear", "dq", 3, q->outputs[0], s, z);
    qw = bench_node(b, "QuantizeLinear", "qw", 3, n.w1, s, zw);
    qw = bench_node(b, "DequantizeLinear", "dqw", 3, qw->outputs[0], s, zw);
    n.conv1 = bench_node(b, "Conv", "c1", 3, q->outputs[0], qw->outputs[0], n.b1);
    bench_output(b, bench_node(b, "Relu", "out", 1, n.conv1->outputs[0])->outputs[0]);
    bench_run(b, oq_infer_shapes);
    if (oq_plan_new(b->model, &quant_defaults, b->model->arena, &n.plan) != OQ_OK)
        tap_bail("no plan");
    b->ctx.plan = n.plan;
    return n;
}

int main(void)
{
    net n = trained();
    bench_numbers *before = bench_compute(n.b);
    oq_node *pair;

    is_int(bench_run(n.b, oq_read_qdq), 1, "a quantized float weight becomes an integer constant");
    is_int(oq_value_constant(oq_node_producer(n.conv1, 1)->inputs[0])->dtype, OQ_INT8, "of int8");
    bench_same(n.b, before, 0, "the numbers stay, bit for bit");
    ok(n.plan->from_model, "the plan knows that the model carries its own scales");
    is_int(oq_plan_place(n.plan, n.b->model, &n.b->diag), OQ_OK, "placement");
    is_int(n.plan->nodes[n.conv1->id].kind, OQ_NODE_INTEGER, "its units are units");
    is_int(oq_plan_resolve(n.plan, n.b->model, &n.b->diag), OQ_OK, "and need no calibration");
    net_quantize(&n, oq_lower_qdq);
    is_int(bench_count(n.b, "QuantizeLinear"), 1, "nothing is quantized twice");
    pair = oq_node_producer(n.conv1, 2);
    ok(pair && oq_node_is(pair, "DequantizeLinear") && pair->inputs[0]->constant->dtype == OQ_INT32,
       "the bias, left float by training, is given its int32 form");
    is_int(bench_run(n.b, oq_read_qdq), 0, "a second time there is nothing to do");
    net_free(&n);
    return tap_done();
}
