#include <stdlib.h>
#include <string.h>

#include "exec/profile.h"
#include "exec/program.h"
#include "exec/toy.h"
#include "tap/tap.h"

static _Alignas(64) float samples[4] = {1, 2, 3, 4};

/* y = 2 x + x, z = flat(y): both outputs. */
static oq_model *small_model(oq_value **x, oq_value **a, oq_value **y)
{
    oq_model *model = toy_model();

    *x = toy_input(model->graph, "x", 4);
    *a = toy_node(model->graph, &toy_twice, *x, NULL);
    *y = toy_node(model->graph, &toy_sum, *a, *x);
    oq_graph_add_output(model->graph, *y);
    oq_graph_add_output(model->graph, toy_node(model->graph, &toy_flat, *y, NULL));
    return model;
}

typedef struct seen {
    char names[128];
    int n;
    int stop_after;
} seen;

static oq_status note(void *arg, const oq_node *node, const oq_value *value, const oq_array *array)
{
    seen *s = arg;

    (void)value;
    strcat(s->names, node ? node->op_type : "input");
    strcat(s->names, array->n == 4 ? " " : "! ");
    return ++s->n == s->stop_after ? OQ_CANCELLED : OQ_OK;
}

static void test_run(void)
{
    oq_value *x, *a, *y;
    oq_model *model = small_model(&x, &a, &y);
    oq_array feed = toy_array(samples, 4);
    oq_program *program = NULL;
    oq_runner *runner = NULL;
    seen s = {.n = 0};
    size_t peak;

    oq_program_compile(model->graph, NULL, &program, NULL);
    oq_runner_new(program, NULL, &runner, NULL);
    ok(oq_runner_output(runner, 0) == NULL, "there is no output before the first run");
    ok(oq_runner_run(runner, &feed, note, &s, NULL) == OQ_OK, "a program runs");
    is_str(s.names, "input Twice Sum Flat ", "the hook sees inputs and every step in order");
    is_float(((float *)oq_runner_output(runner, 0)->data)[3], 12, 0, "the sum is right");
    is_int(oq_runner_output(runner, 1)->rank, 2, "an alias has its own shape");
    ok(oq_runner_output(runner, 1)->data == oq_runner_output(runner, 0)->data, "and no memory of its own");
    ok(oq_runner_value(runner, a) == NULL, "a value is gone after its last reader");
    peak = oq_runner_peak(runner);
    for (int i = 0; i < 20; i++)
        oq_runner_run(runner, &feed, NULL, NULL, NULL);
    is_int(oq_runner_peak(runner), peak, "equal samples need no more memory");
    is_float(samples[3], 4, 0, "the caller's array is never written");
    s.stop_after = s.n + 2;
    ok(oq_runner_run(runner, &feed, note, &s, NULL) == OQ_CANCELLED, "the hook can stop a run");
    ok(oq_runner_run(runner, &feed, NULL, NULL, NULL) == OQ_OK, "and the runner can run again");
    oq_runner_free(runner);
    oq_program_free(program);
    oq_model_destroy(model);
}

static void test_in_place(void)
{
    oq_model *model = toy_model();
    oq_value *x = toy_input(model->graph, "x", 4), *v = x;
    oq_array feed = toy_array(samples, 4);
    oq_program *program = NULL;
    oq_runner *runner = NULL;

    for (int i = 0; i < 5; i++)
        v = toy_node(model->graph, &toy_twice, v, NULL);
    oq_graph_add_output(model->graph, v);
    oq_program_compile(model->graph, NULL, &program, NULL);
    oq_runner_new(program, NULL, &runner, NULL);
    oq_runner_run(runner, &feed, NULL, NULL, NULL);
    is_float(((float *)oq_runner_output(runner, 0)->data)[0], 32, 0, "a chain in place computes");
    is_int(oq_runner_peak(runner), 16 + 64, "in one block");
    oq_runner_free(runner);
    oq_program_free(program);
    oq_model_destroy(model);
}

static void test_feeds(void)
{
    oq_value *x, *a, *y;
    oq_model *model = small_model(&x, &a, &y);
    float unaligned[6];
    oq_array feed = toy_array(samples, 4);
    oq_program *program = NULL;
    oq_runner *runner = NULL;
    oq_diag diag = {0};

    oq_program_compile(model->graph, NULL, &program, NULL);
    oq_runner_new(program, NULL, &runner, NULL);
    feed.dims[0] = 3;
    ok(oq_runner_run(runner, &feed, NULL, NULL, &diag) == OQ_SHAPE, "a feed of another size is refused");
    ok(strstr(diag.message, "'x'") && strstr(diag.message, "[4]") && strstr(diag.message, "[3]"), "%s",
       diag.message);
    feed = toy_array(samples, 4);
    feed.dtype = OQ_INT32;
    memset(&diag, 0, sizeof diag);
    ok(oq_runner_run(runner, &feed, NULL, NULL, &diag) == OQ_SHAPE, "a feed of another type is refused");
    memcpy((char *)unaligned + 2, samples, sizeof samples);
    feed = toy_array(samples, 4);
    feed.data = (char *)unaligned + 2;
    ok(oq_runner_run(runner, &feed, NULL, NULL, NULL) == OQ_OK, "an unaligned feed is copied");
    is_float(((float *)oq_runner_output(runner, 0)->data)[3], 12, 0, "and computed with");
    oq_runner_free(runner);
    oq_program_free(program);
    oq_model_destroy(model);
}

static void test_limit(void)
{
    oq_value *x, *a, *y;
    oq_model *model = small_model(&x, &a, &y);
    oq_array feed = toy_array(samples, 4);
    oq_exec_options options = {.memory_limit = 100};
    oq_program *program = NULL;
    oq_runner *runner = NULL;
    oq_diag diag = {0};

    oq_program_compile(model->graph, &options, &program, NULL);
    oq_runner_new(program, NULL, &runner, NULL);
    ok(oq_runner_run(runner, &feed, NULL, NULL, &diag) == OQ_LIMIT, "a run over its memory limit stops");
    ok(strstr(diag.message, "limit 100") != NULL, "%s", diag.message);
    oq_runner_free(runner);
    oq_program_free(program);
    oq_model_destroy(model);
}

static void test_stepping(void)
{
    oq_value *x, *a, *y;
    oq_model *model = small_model(&x, &a, &y);
    oq_array feed = toy_array(samples, 4);
    _Alignas(64) float other[4] = {10, 10, 10, 10};
    oq_array replacement = toy_array(other, 4);
    oq_program *program = NULL;
    oq_runner *runner = NULL;

    oq_program_compile(model->graph, NULL, &program, NULL);
    oq_runner_new(program, NULL, &runner, NULL);
    oq_runner_keep(runner, a);
    oq_runner_begin(runner, &feed, NULL);
    ok(oq_runner_value(runner, x) != NULL && oq_runner_value(runner, a) == NULL,
       "at first only inputs are live");
    oq_runner_step(runner, 0, NULL);
    is_float(((float *)oq_runner_value(runner, a)->data)[1], 4, 0, "a step gives its value");
    ok(oq_runner_replace(runner, a, &replacement, NULL) == OQ_OK, "a live value can be replaced");
    oq_runner_step(runner, 1, NULL);
    is_float(((float *)oq_runner_value(runner, y)->data)[1], 12, 0, "later steps read the replacement");
    ok(oq_runner_value(runner, a) != NULL, "a kept value outlives its last reader");
    oq_runner_release(runner, a);
    ok(oq_runner_value(runner, a) == NULL, "until it is released");
    replacement.dims[0] = 2;
    ok(oq_runner_replace(runner, y, &replacement, NULL) == OQ_ARG, "a replacement must have the same shape");
    ok(oq_runner_step(runner, 99, NULL) == OQ_ARG, "a step that does not exist is refused");
    oq_runner_free(runner);
    oq_program_free(program);
    oq_model_destroy(model);
}

static void test_live(void)
{
    oq_value *x, *a, *y;
    oq_model *model = small_model(&x, &a, &y);
    oq_array feed = toy_array(samples, 4);
    oq_program *program = NULL;
    oq_runner *runner = NULL;
    const oq_array *live;
    bool is_last = true;

    oq_program_compile(model->graph, NULL, &program, NULL);
    oq_runner_new(program, NULL, &runner, NULL);
    oq_runner_begin(runner, &feed, NULL);
    ok(!oq_runner_live(runner, a, &is_last), "a value is not live before its step");
    oq_runner_step(runner, 0, NULL);
    live = oq_runner_live(runner, a, &is_last);
    ok(live && !is_last, "then it is, in plain order");
    for (int i = 0; live && i < 4; i++)
        ((float *)live->data)[i] = 100;
    oq_runner_step(runner, 1, NULL);
    is_float(((float *)oq_runner_value(runner, y)->data)[1], 102, 0,
             "later steps read what was written there");
    ok(!oq_runner_live(runner, a, &is_last), "and no longer after its last reader");
    oq_runner_free(runner);
    oq_program_free(program);
    oq_model_destroy(model);
}

/* Two runners of one program, in two threads. */
typedef struct race {
    oq_runner *runner[2];
    float worst[2];
} race;

static void run_many(void *arg, size_t index, int worker)
{
    race *r = arg;
    _Alignas(64) float values[4];
    oq_array feed = toy_array(values, 4);

    (void)worker;
    for (int i = 0; i < 200; i++) {
        for (int k = 0; k < 4; k++)
            values[k] = (float)(i * 4 + k + (int)index * 1000);
        if (oq_runner_run(r->runner[index], &feed, NULL, NULL, NULL) != OQ_OK)
            r->worst[index] = 1e9f;
        for (int k = 0; k < 4; k++) {
            float difference =
                ((const float *)oq_runner_output(r->runner[index], 0)->data)[k] - 3 * values[k];

            if (difference > r->worst[index] || -difference > r->worst[index])
                r->worst[index] = 1;
        }
    }
}

static void test_threads(void)
{
    oq_value *x, *a, *y;
    oq_model *model = small_model(&x, &a, &y);
    oq_pool *pool = oq_pool_new(2);
    oq_program *program = NULL;
    race r = {.worst = {0}};

    oq_program_compile(model->graph, NULL, &program, NULL);
    for (int i = 0; i < 2; i++)
        oq_runner_new(program, NULL, &r.runner[i], NULL);
    oq_pool_run(pool, 2, run_many, &r);
    ok(r.worst[0] == 0 && r.worst[1] == 0, "two runners of one program do not see each other");
    for (int i = 0; i < 2; i++)
        oq_runner_free(r.runner[i]);
    oq_pool_free(pool);
    oq_program_free(program);
    oq_model_destroy(model);
}

static void test_profile(void)
{
    oq_value *x, *a, *y;
    oq_model *model = small_model(&x, &a, &y);
    oq_array feed = toy_array(samples, 4);
    oq_program *program = NULL;
    oq_runner *runner = NULL;

    oq_program_compile(model->graph, NULL, &program, NULL);
    oq_runner_new(program, NULL, &runner, NULL);
    ok(oq_runner_times(runner) == NULL, "times are not taken unless asked for");
    oq_runner_measure(runner, NULL);
    oq_runner_run(runner, &feed, NULL, NULL, NULL);
    oq_runner_run(runner, &feed, NULL, NULL, NULL);
    is_int(oq_runner_times(runner)[1].calls, 2, "calls are counted");
    ok(oq_runner_times(runner)[1].nanoseconds > 0, "and timed");
    oq_runner_free(runner);
    oq_program_free(program);
    oq_model_destroy(model);
}

int main(void)
{
    test_run();
    test_in_place();
    test_feeds();
    test_limit();
    test_stepping();
    test_live();
    test_threads();
    test_profile();
    return tap_done();
}
