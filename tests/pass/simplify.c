#include "pass/bench.h"

int main(void)
{
    bench *b = bench_new(17);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 3, 5, 5));
    oq_node *conv = bench_node(b, "Conv", "c", 2, x, bench_random(b, "w", DIMS(4, 3, 3, 3)));
    oq_node *norm = bench_node(b, "BatchNormalization", "n", 5, conv->outputs[0],
                               bench_random_in(b, "scale", 0.5f, 2, DIMS(4)), bench_random(b, "b", DIMS(4)),
                               bench_random(b, "mean", DIMS(4)), bench_random_in(b, "var", 0.5f, 2, DIMS(4)));
    oq_node *twice = bench_node(b, "Identity", "i", 1, norm->outputs[0]);
    bench_numbers *before;

    bench_output(b, bench_node(b, "Relu", "y", 1, twice->outputs[0])->outputs[0]);
    before = bench_compute(b);
    bench_run(b, oq_simplify);
    is_int(bench_count(b, NULL), 2, "Conv, BatchNormalization and Identity become one Conv");
    bench_same(b, before, 1e-5, "the results are close");
    ok(oq_value_find(b->graph, "x") == b->graph->inputs[0] &&
           oq_value_find(b->graph, "y") == b->graph->outputs[0],
       "inputs and outputs keep their names");
    bench_free(b);
    return tap_done();
}
