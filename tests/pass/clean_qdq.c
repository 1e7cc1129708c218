#include "pass/bench.h"

/* x -> Q -> DQ -> Q(scale2) -> DQ -> Relu -> out */
static bench *chain(float second_scale, bool with_output)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3));
    oq_value *z = oq_graph_add_initializer(b->graph, "z", oq_tensor_scalar_int(b->model->arena, OQ_UINT8, 3));
    oq_value *s = bench_scalar(b, "s", 0.25f), *s2 = bench_scalar(b, "s2", second_scale);
    oq_node *q = bench_node(b, "QuantizeLinear", "q", 3, x, s, z);
    oq_node *dq = bench_node(b, "DequantizeLinear", "dq", 3, q->outputs[0], s, z);
    oq_node *q2 = bench_node(b, "QuantizeLinear", "q2", 3, dq->outputs[0], s2, z);
    oq_node *dq2 = bench_node(b, "DequantizeLinear", "dq2", 3, q2->outputs[0], s2, z);

    bench_output(b, bench_node(b, "Relu", "out", 1, dq2->outputs[0])->outputs[0]);
    if (with_output)
        bench_output(b, q2->outputs[0]);
    bench_run(b, oq_infer_shapes);
    return b;
}

int main(void)
{
    bench *b = chain(0.25f, false);
    bench_numbers *before = bench_compute(b);

    is_int(bench_run(b, oq_clean_qdq), 1, "a repeated pair goes");
    is_int(bench_count(b, "QuantizeLinear"), 1, "one QuantizeLinear is left");
    bench_same(b, before, 0, "the numbers stay, bit for bit");
    bench_free(b);
    b = chain(0.5f, false);
    is_int(bench_run(b, oq_clean_qdq), 0, "another scale is a requantization and stays");
    bench_free(b);
    b = chain(0.25f, true);
    is_int(bench_run(b, oq_clean_qdq), 0, "a graph output stays");
    bench_free(b);
    return tap_done();
}
