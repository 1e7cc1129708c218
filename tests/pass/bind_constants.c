#include "pass/bench.h"

int main(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3)), *w = bench_random(b, "w", DIMS(2, 3));

    oq_graph_add_input(b->graph, w);
    w->is_overridable = true;
    bench_output(b, bench_node(b, "Add", "out", 2, x, w)->outputs[0]);
    bench_run(b, oq_infer_shapes);
    ok(oq_value_constant(w) == NULL, "an initializer that is an input is no constant");
    is_int(bench_run(b, oq_bind_constants), 1, "it is bound");
    ok(oq_value_constant(w) != NULL && !w->is_input, "then it is one");
    ok(b->graph->n_inputs == 1 && b->graph->inputs[0] == x, "an input without a default stays");
    is_int(bench_run(b, oq_bind_constants), 0, "a second time there is nothing to do");
    bench_free(b);
    return tap_done();
}
