/* Random convolution graphs: whatever lives channels-last, every value has the bits of the plain run. */
#include "exec/layout.h"

#include <string.h>

#include "exec/conv_graphs.h"
#include "tap/tap.h"

typedef struct watcher {
    const oq_array *reference;
    int n_shown, n_wrong, n_permuted;
    bool any_order;
} watcher;

static bool same(const oq_array *a, const oq_array *b)
{
    return a && a->dtype == b->dtype && a->rank == b->rank &&
           memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) == 0 &&
           memcmp(a->data, b->data, a->size) == 0;
}

static oq_status compare(void *arg, const oq_node *node, const oq_value *value, const oq_array *array)
{
    watcher *w = arg;
    const oq_array *want = &w->reference[value->id];
    bool is_permuted = array->rank == want->rank &&
                       memcmp(array->dims, want->dims, (size_t)want->rank * sizeof *want->dims) != 0;

    w->n_shown++;
    w->n_permuted += is_permuted;
    w->n_wrong += w->any_order ? array->n != want->n : !same(array, want);
    if (node && node->outputs[0] != value)
        w->n_wrong++;
    return OQ_OK;
}

static oq_program *compile(net *n, oq_exec_options options)
{
    oq_program *program = NULL;
    oq_diag diag = {.status = OQ_OK};

    if (oq_program_compile(n->graph, &options, &program, &diag) != OQ_OK)
        tap_bail("%s", diag.message);
    return program;
}

static oq_runner *start(const oq_program *program)
{
    oq_runner *runner = NULL;

    if (oq_runner_new(program, NULL, &runner, NULL) != OQ_OK)
        tap_bail("no runner");
    return runner;
}

static void run(oq_runner *runner, net *n, oq_hook *hook, void *arg)
{
    oq_diag diag = {.status = OQ_OK};

    if (oq_runner_run(runner, &n->feed, hook, arg, &diag) != OQ_OK)
        tap_bail("%s", diag.message);
}

static int count_steps(const oq_program *program, const char *op_type)
{
    int count = 0;

    for (size_t s = 0; s < oq_program_n_steps(program); s++)
        count += strcmp(oq_program_node(program, s)->op_type, op_type) == 0;
    return count;
}

static int conversions(const oq_program *program)
{
    return count_steps(program, "ToChannelsLast") + count_steps(program, "ToPlain");
}

/* ---- random graphs */

static net random_net(uint64_t seed)
{
    int rank = 3 + (int)(seed % 4 == 0 ? 0 : seed % 4 == 3 ? 2 : 1);
    const int64_t dims[] = {1 + (int64_t)(seed % 2), 3, 9, 7, 5}, channels = seed % 3 ? 8 : 20;
    net n = net_new(seed, dims, rank, seed % 5 == 1);

    net_random(&n, rank, channels);
    return n;
}

static int wrong_when_watched(net *n, const oq_array *reference, int *n_permuted)
{
    int n_wrong = 0;

    for (int any = 0; any < 2; any++) {
        oq_program *program = compile(n, (oq_exec_options){.hook_any_order = any});
        oq_runner *runner = start(program);
        watcher w = {.reference = reference, .any_order = any};

        run(runner, n, compare, &w);
        n_wrong += w.n_wrong + (w.n_shown < n->graph->n_nodes);
        n_wrong += !any && w.n_permuted;
        *n_permuted += w.n_permuted;
        oq_runner_free(runner);
        oq_program_free(program);
    }
    return n_wrong;
}

static int wrong_results(net *n, const oq_array *reference)
{
    oq_program *program = compile(n, (oq_exec_options){.watch = OQ_WATCH_NONE});
    oq_runner *runner = start(program);
    int n_wrong = 0;

    run(runner, n, NULL, NULL);
    run(runner, n, NULL, NULL); /* on recycled memory */
    for (int i = 0; i < n->graph->n_outputs; i++)
        n_wrong += !same(oq_runner_output(runner, i), &reference[n->graph->outputs[i]->id]);
    oq_runner_free(runner);
    oq_program_free(program);
    return n_wrong;
}

/* Keep every value while stepping; all are there at the end, in plain layout. */
static int wrong_kept(net *n, const oq_array *reference)
{
    oq_program *program = compile(n, (oq_exec_options){.watch = OQ_WATCH_ALL});
    oq_runner *runner = start(program);
    int n_wrong = 0;

    oq_runner_begin(runner, &n->feed, NULL);
    OQ_FOR_EACH_NODE (n->graph, node)
        oq_runner_keep(runner, node->outputs[0]);
    for (size_t s = 0; s < oq_program_n_steps(program); s++)
        n_wrong += oq_runner_step(runner, s, NULL) != OQ_OK;
    OQ_FOR_EACH_NODE (n->graph, node)
        n_wrong += !same(oq_runner_value(runner, node->outputs[0]), &reference[node->outputs[0]->id]);
    OQ_FOR_EACH_NODE (n->graph, node) {
        oq_runner_release(runner, node->outputs[0]);
        n_wrong += !node->outputs[0]->is_output && oq_runner_value(runner, node->outputs[0]) != NULL;
    }
    oq_runner_free(runner);
    oq_program_free(program);
    return n_wrong;
}

static void random_graphs(void)
{
    int n_wrong = 0, n_merged_wrong = 0, n_kept_wrong = 0, n_permuted = 0;

    for (uint64_t seed = 0; seed < 60; seed++) {
        net n = random_net(seed);
        oq_array *reference = net_reference(&n);
        int wrong = wrong_when_watched(&n, reference, &n_permuted);

        if (wrong)
            tap_diag("seed %d: %d values", (int)seed, wrong);
        n_wrong += wrong;
        n_merged_wrong += wrong_results(&n, reference);
        n_kept_wrong += wrong_kept(&n, reference);
        net_free(&n);
    }
    is_int(n_wrong, 0, "hooks see every value with the bits of the plain run");
    is_int(n_merged_wrong, 0, "results are the same when steps are merged");
    is_int(n_kept_wrong, 0, "kept values are plain, and gone when released");
    ok(n_permuted > 60, "a hook that does not care gets channels-last arrays");
}

/* ---- replacing a value that lives channels-last */

static void replaced(void)
{
    const int64_t dims[] = {1, 3, 6, 6};
    net n = net_new(5, dims, 4, false);
    oq_value *a = net_conv(&n, net_input(&n), 3, 8, 3, 1, 1, 4);
    oq_value *y = net_conv(&n, a, 8, 8, 3, 1, 1, 4);
    oq_array *reference, copy;
    oq_program *program;
    oq_runner *runner;
    float twice[8 * 36];

    net_finish(&n, y);
    reference = net_reference(&n);
    program = compile(&n, (oq_exec_options){.watch = OQ_WATCH_ALL});
    runner = start(program);
    oq_runner_begin(runner, &n.feed, NULL);
    oq_runner_step(runner, 0, NULL);
    copy = reference[a->id];
    for (size_t i = 0; i < copy.n; i++)
        twice[i] = ((const float *)copy.data)[i] * 2;
    copy.data = twice;
    is_int(oq_runner_replace(runner, a, &copy, NULL), OQ_OK, "a channels-last value is replaced");
    ok(same(oq_runner_value(runner, a), &copy), "and reads as what it was replaced by");
    oq_runner_step(runner, 1, NULL);
    ok(!same(oq_runner_output(runner, 0), &reference[y->id]), "the next step reads the replacement");
    memcpy(twice, reference[a->id].data, sizeof twice);
    oq_runner_begin(runner, &n.feed, NULL);
    oq_runner_step(runner, 0, NULL);
    oq_runner_replace(runner, a, &copy, NULL);
    oq_runner_step(runner, 1, NULL);
    ok(same(oq_runner_output(runner, 0), &reference[y->id]), "replaced by itself it changes nothing");
    oq_runner_free(runner);
    oq_program_free(program);
    net_free(&n);
}

/* A value is changed where it lies. */
static void changed_in_place(void)
{
    const int64_t dims[] = {1, 3, 6, 6};
    net n = net_new(5, dims, 4, false);
    oq_value *a = net_conv(&n, net_input(&n), 3, 8, 3, 1, 1, 4);
    oq_array *reference, want;
    oq_program *program;
    oq_runner *runner;
    const oq_array *live;
    float twice[8 * 36];
    bool is_last = false;

    net_finish(&n, net_conv(&n, a, 8, 8, 3, 1, 1, 4));
    reference = net_reference(&n);
    program = compile(&n, (oq_exec_options){.watch = OQ_WATCH_ALL});
    runner = start(program);
    oq_runner_begin(runner, &n.feed, NULL);
    oq_runner_step(runner, 0, NULL);
    want = reference[a->id];
    ok(same(oq_runner_value(runner, a), &want), "a value was asked for in plain order");
    live = oq_runner_live(runner, a, &is_last);
    ok(live && is_last && live->dims[3] == 8 && live->n == want.n, "it lies channels-last");
    for (size_t i = 0; live && i < live->n; i++)
        ((float *)live->data)[i] *= 2;
    for (size_t i = 0; i < want.n; i++)
        twice[i] = ((const float *)want.data)[i] * 2;
    want.data = twice;
    ok(same(oq_runner_value(runner, a), &want), "a change of it is seen in plain order, too");
    oq_runner_free(runner);
    oq_program_free(program);
    net_free(&n);
}

/* ---- conversions */

static void few_conversions(void)
{
    const int64_t dims[] = {1, 3, 32, 32};
    net n = net_new(9, dims, 4, false);
    oq_value *x = net_conv(&n, net_input(&n), 3, 16, 3, 2, 1, 4);
    oq_program *program;

    for (int i = 0; i < 6; i++) {
        oq_value *y = net_node(&n, "Relu", net_conv(&n, x, 16, 32, 1, 1, 1, 4), NULL, NULL)->outputs[0];

        y = net_node(&n, "Relu", net_conv(&n, y, 32, 32, 3, 1, 32, 4), NULL, NULL)->outputs[0];
        y = net_conv(&n, y, 32, 16, 1, 1, 1, 4);
        x = net_node(&n, "Add", x, y, NULL)->outputs[0];
    }
    x = net_node(&n, "GlobalAveragePool", x, NULL, NULL)->outputs[0];
    net_finish(&n, net_node(&n, "Flatten", x, NULL, NULL)->outputs[0]);
    program = compile(&n, (oq_exec_options){.watch = OQ_WATCH_NONE});
    ok(conversions(program) <= 2, "a network of depthwise blocks has two conversions at most");
    is_int(count_steps(program, "Add") + count_steps(program, "Relu"), 0, "and nothing but convolutions");
    oq_program_free(program);
    net_free(&n);
}

static void nothing_to_gain(void)
{
    const int64_t dims[] = {1, 8, 16, 16};
    net n = net_new(9, dims, 4, false);
    oq_value *x = net_node(&n, "Relu", net_input(&n), NULL, NULL)->outputs[0];
    oq_program *program;

    net_finish(&n, net_node(&n, "Add", x, net_input(&n), NULL)->outputs[0]);
    program = compile(&n, (oq_exec_options){.watch = OQ_WATCH_ALL});
    is_int(conversions(program), 0, "a graph without convolutions stays plain");
    oq_program_free(program);
    net_free(&n);
}

/* A shape that the file declares wrongly must be an error, not another result. */
static void declared_wrongly(void)
{
    const int64_t dims[] = {1, 4, 5, 5};
    net n = net_new(3, dims, 4, false);
    oq_value *a = net_conv(&n, net_input(&n), 4, 4, 3, 1, 1, 4);
    oq_shape lie = oq_shape_of((int64_t[]){1, 4, 25}, 3);
    oq_program *program = NULL;
    oq_runner *runner = NULL;
    oq_diag diag = {.status = OQ_OK};
    oq_status status;

    net_finish(&n, net_conv(&n, net_node(&n, "Relu", a, NULL, NULL)->outputs[0], 4, 4, 3, 1, 1, 4));
    oq_value_set_type(a, OQ_FLOAT, &lie);
    status = oq_program_compile(n.graph, NULL, &program, &diag);
    if (status == OQ_OK) {
        runner = start(program);
        status = oq_runner_run(runner, &n.feed, NULL, NULL, &diag);
    }
    ok(status == OQ_SHAPE || status == OQ_OK, "a wrong rank in the graph is told or does no harm");
    if (status == OQ_OK)
        ok(same(oq_runner_output(runner, 0), &net_reference(&n)[n.graph->outputs[0]->id]), "no harm");
    else
        ok(diag.message[0] != '\0', "it is told in words");
    oq_runner_free(runner);
    oq_program_free(program);
    net_free(&n);
}

int main(void)
{
    random_graphs();
    replaced();
    changed_in_place();
    few_conversions();
    nothing_to_gain();
    declared_wrongly();
    return tap_done();
}
