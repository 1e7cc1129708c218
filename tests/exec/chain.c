#include "exec/chain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

oq_model *chain_model(void)
{
    oq_model *model = oq_model_new(0);

    oq_model_set_opset(model, "", 17);
    return model;
}

oq_value *chain_input(oq_model *model, const char *name, const int64_t *dims, int rank)
{
    oq_shape shape = oq_shape_of(dims, rank);
    oq_value *value = oq_value_new(model->graph, name, OQ_FLOAT, &shape);

    oq_graph_add_input(model->graph, value);
    return value;
}

static void fill(float *data, size_t n, float first)
{
    for (size_t i = 0; i < n; i++)
        data[i] = first + (float)((i * 37 + 11) % 101) / 50.0f - 1.0f;
}

oq_value *chain_constant(oq_model *model, const char *name, const int64_t *dims, int rank, float first)
{
    float data[4096];
    size_t n = 1;

    for (int i = 0; i < rank; i++)
        n *= (size_t)dims[i];
    fill(data, n, first);
    data[0] = first;
    return oq_graph_add_initializer(model->graph, name,
                                    oq_tensor_from_floats(model->arena, data, dims, rank));
}

oq_value *chain_op(oq_model *model, const char *op, oq_value *a, oq_value *b, oq_value *c,
                   const int64_t *dims, int rank)
{
    oq_value *in[] = {a, b, c};
    oq_node *node = oq_node_new(model->graph, NULL, op, "", op, in, c ? 3 : b ? 2 : 1, 1, NULL);
    oq_shape shape = oq_shape_of(dims, rank);

    node->opset = 17;
    oq_op_resolve(node);
    oq_value_set_type(node->outputs[0], OQ_FLOAT, &shape);
    return node->outputs[0];
}

void chain_set_axis(oq_value *result, int64_t axis)
{
    oq_node_set_int(result->producer, "axis", axis);
}

void chain_set_ints(oq_value *result, const char *name, const int64_t *values, size_t n)
{
    oq_node_set_ints(result->producer, name, values, n);
}

static oq_program *compile(oq_model *model, oq_watch watch, const bool *watched)
{
    oq_exec_options options = {.watch = watch, .watched = watched};
    oq_program *program = NULL;
    oq_diag diag = {0};

    oq_program_compile(model->graph, &options, &program, &diag);
    return program;
}

size_t chain_steps(oq_model *model, const bool *watched)
{
    oq_program *program = compile(model, watched ? OQ_WATCH_SOME : OQ_WATCH_NONE, watched);
    size_t n = program ? oq_program_n_steps(program) : 0;

    oq_program_free(program);
    return n;
}

/* Output 0 of one run, copied. */
static float *run(const oq_program *program, const oq_model *model, int threads, size_t *n)
{
    oq_pool *pool = threads > 1 ? oq_pool_new(threads) : NULL;
    oq_runner *runner = NULL;
    oq_array feeds[4] = {{.rank = 0}};
    float *out = NULL;

    for (int i = 0; i < model->graph->n_inputs; i++) {
        const oq_shape *shape = &model->graph->inputs[i]->shape;

        feeds[i] = (oq_array){.dtype = OQ_FLOAT, .rank = shape->rank, .n = 1};
        for (int k = 0; k < shape->rank; k++) {
            feeds[i].dims[k] = shape->dims[k].size < 0 ? 2 : shape->dims[k].size;
            feeds[i].n *= (size_t)feeds[i].dims[k];
        }
        feeds[i].size = feeds[i].n * sizeof(float);
        feeds[i].data = aligned_alloc(64, (feeds[i].size + 63) / 64 * 64 + 64);
        fill(feeds[i].data, feeds[i].n, (float)i * 0.3f);
    }
    if (program && oq_runner_new(program, pool, &runner, NULL) == OQ_OK) {
        /* Twice: the second time in recycled memory. */
        bool runs = oq_runner_run(runner, feeds, NULL, NULL, NULL) == OQ_OK &&
                    oq_runner_run(runner, feeds, NULL, NULL, NULL) == OQ_OK;
        const oq_array *result = runs ? oq_runner_output(runner, 0) : NULL;

        *n = result ? result->n : 0;
        out = malloc((*n + 1) * sizeof *out);
        if (result)
            memcpy(out, result->data, *n * sizeof *out);
    }
    oq_runner_free(runner);
    for (int i = 0; i < model->graph->n_inputs; i++)
        free(feeds[i].data);
    oq_pool_free(pool);
    return out;
}

bool chain_agrees(oq_model *model, const bool *watched)
{
    oq_program *single = compile(model, OQ_WATCH_ALL, NULL);
    oq_program *merged = compile(model, watched ? OQ_WATCH_SOME : OQ_WATCH_NONE, watched);
    size_t n = 0, m = 0;
    float *want = run(single, model, 1, &n);
    bool agrees = want && n > 0;

    for (int threads = 1; threads <= 3 && agrees; threads += 2) {
        float *got = run(merged, model, threads, &m);

        agrees = got && m == n && memcmp(want, got, n * sizeof *want) == 0;
        free(got);
    }
    free(want);
    oq_program_free(single);
    oq_program_free(merged);
    oq_model_destroy(model);
    return agrees;
}
