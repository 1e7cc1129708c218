#include "exec/step_work.h"

#include <math.h>
#include <string.h>

#include "data/dataset.h"
#include "exec/profile.h"
#include "onnx/import.h"
#include "tap/tap.h"

typedef struct measured_run {
    oq_model *model;
    oq_program *program;
    oq_runner *runner;
    oq_dataset *dataset;
    oq_arena *arena;
} measured_run;

static void start(measured_run *m, const char *model, const char *data)
{
    oq_dataset_options options = {.max_samples = 1};
    oq_array feeds[8];
    oq_diag diag = {0};

    m->arena = oq_arena_new(0);
    if (oq_import_file(tap_source(model), NULL, &m->model, &diag) != OQ_OK ||
        oq_program_compile(m->model->graph, NULL, &m->program, &diag) != OQ_OK ||
        oq_runner_new(m->program, NULL, &m->runner, &diag) != OQ_OK ||
        oq_dataset_open(m->model->graph, tap_source(data), &options, &m->dataset, &diag) != OQ_OK ||
        oq_dataset_sample(m->dataset, 0, m->arena, feeds, &diag) != OQ_OK ||
        oq_runner_measure(m->runner, &diag) != OQ_OK ||
        oq_runner_run(m->runner, feeds, NULL, NULL, &diag) != OQ_OK)
        tap_bail("%s", diag.message);
}

static void end(measured_run *m)
{
    oq_dataset_close(m->dataset);
    oq_runner_free(m->runner);
    oq_program_free(m->program);
    oq_model_destroy(m->model);
    oq_arena_free(m->arena);
}

/* Of the first step of that operator. */
static const oq_step_time *first(const measured_run *m, const char *op_type, const oq_node **node)
{
    for (size_t i = 0; i < oq_program_n_steps(m->program); i++) {
        *node = oq_program_node(m->program, i);
        if (strcmp((*node)->op_type, op_type) == 0)
            return &oq_runner_times(m->runner)[i];
    }
    tap_bail("no %s in the model", op_type);
}

static double weights(const oq_node *node, int input)
{
    return (double)oq_value_constant(node->inputs[input])->n_elements;
}

static void test_convolutions(void)
{
    measured_run m = {0};
    const oq_step_time *time;
    const oq_node *node;

    start(&m, "models/digits_cnn.onnx", "models/digits_calib.npz");
    time = first(&m, "Gemm", &node);
    is_float(time->operations, 2 * weights(node, 1), 0, "Gemm of one row: each weight once");
    ok(time->bytes >= 4 * (weights(node, 1) + weights(node, 2)), "its weights are read, packed or not");
    time = first(&m, "Conv", &node);
    ok(time->operations > 0 && fmod(time->operations, 2 * weights(node, 1)) == 0,
       "Conv: each weight once per pixel");
    time = first(&m, "Flatten", &node);
    ok(time->operations == 0 && time->bytes == 0, "a new name for the same bytes is no work");
    end(&m);
}

static void test_recurrent(void)
{
    measured_run m = {0};
    const oq_step_time *time;
    const oq_node *node;

    start(&m, "models/tiny_lstm.onnx", "models/rows_calib.npz");
    time = first(&m, "LSTM", &node);
    ok(time->operations > 0 && fmod(time->operations, 2 * (weights(node, 1) + weights(node, 2))) == 0,
       "LSTM: the weights of W and R once per step");
    end(&m);
}

int main(void)
{
    test_convolutions();
    test_recurrent();
    return tap_done();
}
