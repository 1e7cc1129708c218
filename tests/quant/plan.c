#include <math.h>
#include <string.h>

#include "quant/quant_bench.h"

static void test_save_and_load(void)
{
    net n = net_new();
    oq_buf text = {0}, again = {0};

    net_plan(&n, &quant_defaults, -1, 3);
    ok(oq_plan_save(n.plan, n.b->model, &text) == OQ_OK, "a plan is saved");
    ok(oq_plan_load(n.plan, n.b->model, (const char *)text.data, text.size, &n.b->diag) == OQ_OK,
       "and loaded");
    ok(oq_plan_resolve(n.plan, n.b->model, &n.b->diag) == OQ_OK, "and resolved");
    oq_plan_save(n.plan, n.b->model, &again);
    ok(n.plan->values[n.x->id].qparams.zero_point[0] == 64 && n.plan->values[n.x->id].source == OQ_RANGE_USER,
       "with the same parameters, now the user's");
    oq_buf_free(&text);
    oq_buf_free(&again);
    net_free(&n);
}

/* Load text over a fresh plan. */
static oq_status load(net *n, const char *text)
{
    oq_diag_clear(&n->b->diag);
    return oq_plan_load(n->plan, n->b->model, text, strlen(text), &n->b->diag);
}

static void test_edits(void)
{
    net n = net_new();

    oq_plan_new(n.b->model, &quant_defaults, n.b->model->arena, &n.plan);
    oq_plan_place(n.plan, n.b->model, NULL);
    ok(load(&n, "{\"values\": {\"x\": {\"lo\": -1, \"hi\": 3}}}") == OQ_OK, "a range is set by hand");
    ok(!oq_plan_wants_range(n.plan, n.x->id), "then it needs no calibration");
    ok(load(&n, "{\"nodes\": {\"c2\": {\"decision\": \"float\"}}}") == OQ_OK, "a node is made float");
    is_int(n.plan->nodes[n.conv2->id].kind, OQ_NODE_FLOAT, "it is");
    is_int(load(&n, "{\"values\": {\"nobody\": {}}}"), OQ_ARG, "an unknown value is refused");
    ok(strstr(n.b->diag.message, "nobody"), "by name");
    is_int(load(&n, "{\"values\": {\"x\": {\"lo\": 3, \"hi\": 1}}}"), OQ_FORMAT, "an empty range is refused");
    is_int(load(&n, "{\"values\": {\"x\": {\"scale\": [0], \"zero_point\": [0]}}}"), OQ_FORMAT,
           "a zero scale is refused");
    is_int(load(&n, "{\"nodes\": {\"sum\": {\"decision\": \"integer\"}}}"), OQ_ARG,
           "what cannot be is refused");
    is_int(load(&n, "{,"), OQ_FORMAT, "what is not JSON is refused");
    net_free(&n);
}

static void test_never_observed(void)
{
    net n = net_new();

    oq_plan_new(n.b->model, &quant_defaults, n.b->model->arena, &n.plan);
    oq_plan_place(n.plan, n.b->model, NULL);
    is_int(oq_plan_resolve(n.plan, n.b->model, &n.b->diag), OQ_RANGE,
           "a value that was never observed is an error");
    ok(strstr(n.b->diag.message, "'x'"), "that names it");
    net_free(&n);
}

int main(void)
{
    test_save_and_load();
    test_edits();
    test_never_observed();
    return tap_done();
}
