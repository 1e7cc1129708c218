/* Which steps are merged, and which must not be. The bits are compared in layout.c. */
#include "exec/fuse.h"

#include <string.h>

#include "exec/conv_graphs.h"
#include "tap/tap.h"

static const int64_t dims[] = {1, 8, 6, 6};
static const oq_exec_options none = {.watch = OQ_WATCH_NONE}, all = {.watch = OQ_WATCH_ALL};

/* Steps of the program, conversions aside. */
static int steps(net *n, oq_exec_options options, bool *same_bits)
{
    oq_program *program = NULL;
    oq_runner *runner = NULL;
    const oq_array *want = &net_reference(n)[n->graph->outputs[0]->id], *got;
    int count = 0;

    if (oq_program_compile(n->graph, &options, &program, NULL) != OQ_OK ||
        oq_runner_new(program, NULL, &runner, NULL) != OQ_OK ||
        oq_runner_run(runner, &n->feed, NULL, NULL, NULL) != OQ_OK)
        tap_bail("the program does not run");
    for (size_t s = 0; s < oq_program_n_steps(program); s++)
        count += strcmp(oq_program_node(program, s)->domain, "onnxq.layout") != 0;
    got = oq_runner_output(runner, 0);
    *same_bits = got->size == want->size && memcmp(got->data, want->data, want->size) == 0;
    oq_runner_free(runner);
    oq_program_free(program);
    return count;
}

static void expect(net *n, oq_exec_options options, int want, const char *name)
{
    bool same_bits;
    int got = steps(n, options, &same_bits);

    ok(same_bits && got == want, "%s", name);
    if (got != want)
        tap_diag("expected %d steps, got %d", want, got);
    net_free(n);
}

static oq_value *relu(net *n, oq_value *x)
{
    return net_node(n, "Relu", x, NULL, NULL)->outputs[0];
}

static oq_value *add(net *n, oq_value *a, oq_value *b)
{
    return net_node(n, "Add", a, b, NULL)->outputs[0];
}

static oq_value *conv(net *n, oq_value *x)
{
    return net_conv(n, x, 8, 8, 3, 1, 1, 4);
}

static net fresh(void)
{
    return net_new(3, dims, 4, false);
}

static void clamps(void)
{
    net n = fresh();
    bool watched[64] = {false};
    oq_value *a;

    net_finish(&n, relu(&n, conv(&n, net_input(&n))));
    expect(&n, none, 1, "Conv and Relu become one step");
    n = fresh();
    net_finish(&n, relu(&n, conv(&n, net_input(&n))));
    expect(&n, all, 2, "not when every value is watched");

    n = fresh();
    a = conv(&n, net_input(&n));
    net_finish(&n, relu(&n, a));
    watched[a->id] = true;
    expect(&n, (oq_exec_options){.watch = OQ_WATCH_SOME, .watched = watched}, 2,
           "nor when this one is watched");
    memset(watched, 0, sizeof watched);
    n = fresh();
    net_finish(&n, relu(&n, conv(&n, net_input(&n))));
    expect(&n, (oq_exec_options){.watch = OQ_WATCH_SOME, .watched = watched}, 1,
           "another value may be watched");
}

static void residuals(void)
{
    net n;
    oq_value *a, *b;

    n = fresh();
    a = conv(&n, net_input(&n));
    net_finish(&n, relu(&n, add(&n, conv(&n, relu(&n, a)), a)));
    expect(&n, none, 3, "Conv, Add and Relu become one step; a shortcut keeps its own Conv");

    n = fresh();
    a = conv(&n, net_input(&n));
    b = conv(&n, net_input(&n));
    net_finish(&n, add(&n, a, b));
    expect(&n, none, 2, "of two convolutions one takes the Add");

    n = fresh();
    a = conv(&n, net_input(&n));
    net_finish(&n, add(&n, relu(&n, a), net_input(&n)));
    expect(&n, none, 2, "an Add behind a Relu stays: the clamp goes last");

    n = fresh();
    a = conv(&n, net_input(&n));
    b = net_node(&n, "GlobalMaxPool", net_input(&n), NULL, NULL)->outputs[0];
    net_finish(&n, add(&n, a, b));
    expect(&n, none, 3, "an Add that broadcasts stays");

    n = net_new(3, dims, 4, true);
    a = conv(&n, net_input(&n));
    net_finish(&n, add(&n, a, net_input(&n)));
    expect(&n, none, 2, "so does one whose shapes are not known to be equal");

    n = fresh();
    a = conv(&n, net_input(&n));
    net_finish(&n, add(&n, a, a));
    expect(&n, none, 2, "and one that adds the convolution to itself");

    n = fresh();
    a = conv(&n, net_input(&n));
    net_finish(&n, relu(&n, a));
    oq_graph_add_output(n.graph, a);
    expect(&n, none, 2, "a result is not merged away");
}

static void gates(void)
{
    net n;
    oq_value *a, *b;

    n = fresh();
    a = conv(&n, net_input(&n));
    b = net_node(&n, "Sigmoid", a, NULL, NULL)->outputs[0];
    net_finish(&n, net_node(&n, "Mul", b, a, NULL)->outputs[0]);
    expect(&n, none, 2, "a Sigmoid that gates its own input becomes a Swish");

    n = fresh();
    a = conv(&n, net_input(&n));
    b = net_node(&n, "HardSigmoid", a, NULL, NULL)->outputs[0];
    oq_node_set_float(b->producer, "alpha", 1.0f / 6.0f);
    net_finish(&n, net_node(&n, "Mul", a, b, NULL)->outputs[0]);
    expect(&n, none, 2, "a HardSigmoid of 1/6 becomes a HardSwish");

    n = fresh();
    a = conv(&n, net_input(&n));
    b = net_node(&n, "HardSigmoid", a, NULL, NULL)->outputs[0];
    net_finish(&n, net_node(&n, "Mul", a, b, NULL)->outputs[0]);
    expect(&n, none, 3, "one of 0.2 does not");

    n = net_new(3, dims, 4, true); /* sizes not known: nothing else may merge these */
    a = conv(&n, net_input(&n));
    b = net_node(&n, "Sigmoid", net_input(&n), NULL, NULL)->outputs[0];
    net_finish(&n, net_node(&n, "Mul", a, b, NULL)->outputs[0]);
    expect(&n, none, 3, "nor a Sigmoid of something else");
}

int main(void)
{
    clamps();
    residuals();
    gates();
    return tap_done();
}
