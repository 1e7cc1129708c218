#include <string.h>

#include "exec/toy.h"
#include "tap/tap.h"

static _Alignas(64) float samples[4] = {1, 2, 3, 4};

int main(void)
{
    oq_model *model = toy_model();
    oq_arena *arena = oq_arena_new(0);
    oq_value *x = toy_input(model->graph, "x", 4);
    oq_node *sum = toy_node(model->graph, &toy_sum, x, x)->producer;
    oq_node *unknown = oq_node_new(model->graph, NULL, "Magic", "", "m", &x, 1, 1, NULL);
    oq_array a = toy_array(samples, 4);
    const oq_array *inputs[2] = {&a, &a};
    oq_tensor *out = NULL;
    oq_diag diag = {0};

    ok(oq_exec_node(sum, inputs, arena, 1000, &out, &diag) == OQ_OK, "a node runs by itself %s",
       diag.message);
    is_float(((const float *)out->data)[3], 8, 0, "and gives a tensor");
    ok(oq_exec_node(sum, inputs, arena, 50, &out, &diag) == OQ_LIMIT, "within its budget only");
    memset(&diag, 0, sizeof diag);
    ok(oq_exec_node(unknown, inputs, arena, 1000, &out, &diag) == OQ_UNSUPPORTED,
       "an unknown one is refused");
    inputs[1] = NULL;
    memset(&diag, 0, sizeof diag);
    ok(oq_exec_node(sum, inputs, arena, 1000, &out, &diag) == OQ_FORMAT, "and so is one without its inputs");
    oq_arena_free(arena);
    oq_model_destroy(model);
    return tap_done();
}
