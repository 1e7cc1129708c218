/* Merged and step by step: the same bits, in fewer steps. */
#include "exec/fuse.h"

#include "exec/qdq.h"
#include "tap/tap.h"

typedef struct form {
    const char *what;
    bool codes[2];                   /* which side of the Add is read through a pair */
    bool relu, quantizes, reads_sum; /* behind it; somebody else reads the sum */
    size_t n_steps;                  /* when merged, at most */
} form;

/* A result for the sum: Neg, so that the sum is no output itself. */
static oq_program *compile(sketch *s, oq_watch watch)
{
    oq_exec_options options = {.mode = OQ_EXEC_FLOAT, .watch = watch};
    oq_program *program = NULL;
    oq_diag diag = {0};

    if (oq_program_compile(s->graph, &options, &program, &diag) != OQ_OK)
        tap_bail("%s", diag.message);
    return program;
}

static oq_value *shaped(oq_value *value, oq_dtype dtype, const oq_shape *shape)
{
    value->shape = *shape;
    value->dtype = dtype;
    return value;
}

/* codes -> DQ, or floats, as graph inputs. */
static oq_value *side(sketch *s, bool is_codes, const oq_shape *shape, float scale)
{
    oq_value *x = oq_value_new(s->graph, "x", is_codes ? s->dtype : OQ_FLOAT, shape);

    oq_graph_add_input(s->graph, x);
    if (!is_codes)
        return x;
    return shaped(node(s, "DequantizeLinear", x, constant(s, oq_tensor_scalar_float(s->model->arena, scale)),
                       constant(s, oq_tensor_scalar_int(s->model->arena, s->dtype, zero_of(s, 99)))),
                  OQ_FLOAT, shape);
}

static void build(sketch *s, const form *f, const oq_shape *shape)
{
    oq_value *a = side(s, f->codes[0], shape, 0.013f), *b = side(s, f->codes[1], shape, 0.021f);
    oq_value *y = shaped(node(s, "Add", a, b, NULL), OQ_FLOAT, shape);

    if (f->relu)
        y = shaped(node(s, "Relu", y, NULL, NULL), OQ_FLOAT, shape);
    if (f->quantizes)
        oq_graph_add_output(s->graph, shaped(quantize(s, y, 0.017f, zero_of(s, 60)), s->dtype, shape));
    if (f->reads_sum)
        oq_graph_add_output(s->graph, shaped(node(s, "Neg", y, NULL, NULL), OQ_FLOAT, shape));
}

static void compare(const sketch *s, oq_program *const *program, const oq_array *feeds, oq_pool *pool)
{
    oq_runner *runner[2];
    oq_diag diag = {0};

    for (int i = 0; i < 2; i++)
        if (oq_runner_new(program[i], pool, &runner[i], &diag) != OQ_OK ||
            oq_runner_run(runner[i], feeds, NULL, NULL, &diag) != OQ_OK)
            tap_bail("%s", diag.message);
    for (int k = 0; k < s->graph->n_outputs; k++) {
        const oq_array *want = oq_runner_output(runner[0], k), *got = oq_runner_output(runner[1], k);

        ok(got->size == want->size && memcmp(got->data, want->data, want->size) == 0,
           "output %d: the same bits", k);
    }
    oq_runner_free(runner[0]);
    oq_runner_free(runner[1]);
}

static void run_form(const form *f, oq_dtype dtype, oq_pool *pool)
{
    static _Alignas(64) float floats[2][70000];
    int64_t dims[4] = {1, 7, 100, 100};
    oq_shape shape = oq_shape_of(dims, 4);
    sketch s = begin(dtype);
    oq_array feeds[2];
    oq_program *program[2];

    build(&s, f, &shape);
    for (int i = 0; i < 2; i++) {
        feeds[i] =
            (oq_array){.dtype = f->codes[i] ? dtype : OQ_FLOAT, .rank = 4, .n = 70000, .data = floats[i]};
        feeds[i].size = f->codes[i] ? 70000 : 280000;
        memcpy(feeds[i].dims, dims, sizeof dims);
        for (size_t k = 0; k < 70000 && !f->codes[i]; k++)
            floats[i][k] = oq_rng_float(&s.rng) * 4 - 2;
        for (size_t k = 0; k < 70000 && f->codes[i]; k++)
            ((unsigned char *)floats[i])[k] = (unsigned char)oq_rng_next(&s.rng);
    }
    program[0] = compile(&s, OQ_WATCH_ALL);
    program[1] = compile(&s, OQ_WATCH_NONE);
    ok(oq_program_n_steps(program[1]) <= f->n_steps, "%s: few steps", f->what);
    compare(&s, program, feeds, pool);
    oq_program_free(program[0]);
    oq_program_free(program[1]);
    oq_model_destroy(s.model);
}

int main(void)
{
    static const form forms[] = {
        {"codes and floats, Relu, both results", {true, false}, true, true, true, 2},
        {"floats and codes, codes only", {false, true}, true, true, false, 1},
        {"two sides of codes, Relu, both results", {true, true}, true, true, true, 2},
        {"two sides of codes, sum only", {true, true}, false, false, true, 2},
        {"no Relu", {true, false}, false, true, true, 2},
        {"two sides of floats are left to others", {false, false}, true, true, false, 3},
    };
    oq_pool *pool = oq_pool_new(3);

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        run_form(&forms[i], OQ_UINT8, pool);
        run_form(&forms[i], OQ_INT8, NULL);
    }
    oq_pool_free(pool);
    return tap_done();
}
