/* fuse_codes: a residual Add between codes and floats, in one walk over memory.
 *
 *     DequantizeLinear(a) \
 *                          Add [-> Relu] -> s [-> QuantizeLinear -> q]   =>   s, q = AddCodes(a, b)
 *     DequantizeLinear(b) /
 *
 * One side may be float as it is; s is made only where somebody else reads it. Placement leaves such Adds in
 * float (one rounding less per block), and as four operators they move five times the memory. Every element
 * goes through the same float32 operations one after another: the bits do not change.
 *
 * Must not fire when the sum in front of the Relu is watched or has another reader, nor when the operands are
 * only known to broadcast. A DequantizeLinear that others read stays, and so does a second QuantizeLinear of
 * s.
 */
#include <string.h>

#include "exec/fuse.h"
#include "exec/unit.h"

enum { PART = 8 * 1024 /* elements of a part of the pool's work */ };

/* State of the merged step. */
typedef struct add_codes {
    oq_codes x[2];
    bool is_codes[2]; /* false: floats */
    bool clamps;
    int sum_out, code_out; /* outputs; -1: none */
    oq_codes y;
    int32_t lo, hi;
} add_codes;

/* ---- running */

typedef struct job {
    oq_add_float add;
    size_t n;
} job;

static const void *advance(const void *data, bool is_codes, size_t n)
{
    return is_codes ? (const void *)((const uint8_t *)data + n) : (const void *)((const float *)data + n);
}

static void run_part(void *arg, size_t index, int worker)
{
    const job *j = arg;
    oq_add_float part = j->add;
    size_t first = index * PART, left = j->n - first;

    (void)worker;
    part.a = advance(part.a, part.sides[0].factor != 0, first);
    part.b = advance(part.b, part.sides[1].factor != 0, first);
    part.sum = part.sum ? part.sum + first : NULL;
    part.y = part.y ? part.y + first : NULL;
    oq_kernels_best()->pointwise_int8->add_float(&part, left < PART ? left : PART);
}

static oq_status check_inputs(oq_run *ctx, const add_codes *state)
{
    for (int i = 0; i < 2; i++) {
        oq_dtype want = state->is_codes[i] ? state->x[i].dtype : OQ_FLOAT;

        if (ctx->in[i]->dtype != want)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "input %d holds %s instead of %s", i, oq_dtype_name(ctx->in[i]->dtype),
                       oq_dtype_name(want));
    }
    if (ctx->in[0]->rank != ctx->in[1]->rank ||
        memcmp(ctx->in[0]->dims, ctx->in[1]->dims, (size_t)ctx->in[0]->rank * sizeof(int64_t)) != 0)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "its inputs have other shapes than the graph declares");
    return OQ_OK;
}

/* The float input dies here more often than not: the sum takes its place. */
static float *sum_output(oq_run *ctx, const add_codes *state)
{
    const oq_array *like = ctx->in[0];

    for (int i = 0; i < 2; i++) {
        if (!state->is_codes[i])
            return oq_out_in_place(ctx, state->sum_out, i);
    }
    return oq_out(ctx, state->sum_out, OQ_FLOAT, like->dims, like->rank);
}

static oq_status run_add_codes(oq_run *ctx)
{
    const add_codes *state = ctx->state;
    const oq_array *like = ctx->in[0];
    oq_requantize how = {NULL, state->y.zero_point, state->lo, state->hi};
    job j = {.add = {.a = ctx->in[0]->data, .b = ctx->in[1]->data, .clamps = state->clamps}, .n = like->n};

    OQ_TRY(check_inputs(ctx, state));
    for (int i = 0; i < 2; i++) {
        if (state->is_codes[i])
            j.add.sides[i] =
                (oq_codes_int8){state->x[i].dtype == OQ_INT8, state->x[i].zero_point, state->x[i].scale};
    }
    if (state->sum_out >= 0 && !(j.add.sum = sum_output(ctx, state)))
        return oq_run_failure(ctx);
    if (state->code_out >= 0) {
        j.add.y = oq_out(ctx, state->code_out, state->y.dtype, like->dims, like->rank);
        j.add.scale = state->y.scale;
        j.add.how = &how;
        if (!j.add.y)
            return oq_run_failure(ctx);
    }
    oq_pool_run(ctx->pool, (j.n + PART - 1) / PART, run_part, &j);
    return OQ_OK;
}

static const oq_op add_codes_row = {.name = "Add",
                                    .domain = "onnxq.merged",
                                    .min_in = 2,
                                    .max_in = 2,
                                    .run = run_add_codes,
                                    .layout = OQ_LAYOUT_POINT};

/* ---- finding */

/* What stands behind the Add, by step; -1: nothing. */
typedef struct tail {
    int relu, quantize;
    oq_value *sum; /* what the Relu, or the Add, gives */
} tail;

/* The one step that reads value, when nobody else does and nobody watches it; -1 otherwise. */
static int single_reader(const oq_fuser *f, const oq_value *value, size_t from)
{
    if (f->n_reads[value->id] != 1 || oq_is_watched(f->c, value))
        return -1;
    for (size_t s = from; s < f->sequence->n_steps; s++) {
        const oq_step *step = &f->sequence->steps[s];

        for (int i = 0; i < step->n_in && !f->is_gone[s]; i++) {
            if (step->in[i] == value)
                return (int)s;
        }
    }
    return -1;
}

/* A QuantizeLinear step of value with constant parameters for the whole tensor. */
static int find_quantize(const oq_fuser *f, const oq_value *value, size_t from, add_codes *state)
{
    for (size_t s = from; s < f->sequence->n_steps; s++) {
        const oq_step *step = &f->sequence->steps[s];

        if (!f->is_gone[s] && !step->is_integer && !step->state && step->n_in >= 2 && step->in[0] == value &&
            oq_read_quantize_node(step->node, &state->y))
            return (int)s;
    }
    return -1;
}

static tail find_tail(const oq_fuser *f, size_t i, add_codes *state)
{
    tail t = {.sum = f->sequence->steps[i].out[0]};
    int64_t lo, hi;

    t.relu = single_reader(f, t.sum, i + 1);
    if (t.relu >= 0 && oq_node_is(f->sequence->steps[t.relu].node, "Relu") &&
        !f->sequence->steps[t.relu].is_integer)
        t.sum = f->sequence->steps[t.relu].out[0];
    else
        t.relu = -1;
    t.quantize = find_quantize(f, t.sum, i + 1, state);
    if (t.quantize >= 0) {
        oq_dtype_limits(state->y.dtype, &lo, &hi);
        state->lo = (int32_t)lo;
        state->hi = (int32_t)hi;
    }
    state->clamps = t.relu >= 0;
    return t;
}

/* Inputs of the merged step: codes where a DequantizeLinear can go. */
static bool read_sides(oq_fuser *f, size_t i, add_codes *state, oq_value **in)
{
    const oq_step *add = &f->sequence->steps[i];

    for (int k = 0; k < 2; k++) {
        const oq_step *source = oq_fuse_source(f, i, k);

        in[k] = add->in[k];
        state->is_codes[k] = source && !source->is_integer && !source->state &&
                             oq_node_is(source->node, "DequantizeLinear") &&
                             oq_read_dequantize(add->in[k], &state->x[k]) &&
                             (state->x[k].dtype == OQ_UINT8 || state->x[k].dtype == OQ_INT8);
        if (state->is_codes[k])
            in[k] = state->x[k].value;
    }
    return state->is_codes[0] || state->is_codes[1];
}

static void take_out(oq_fuser *f, int s)
{
    if (s >= 0)
        f->is_gone[s] = true;
}

/* Readings that go with the merged steps; the DequantizeLinears are taken out. */
static void take_sources(oq_fuser *f, size_t i, const add_codes *state, oq_value *const *in)
{
    const oq_step *add = &f->sequence->steps[i];

    for (int k = 0; k < 2; k++) {
        if (!state->is_codes[k])
            continue;
        take_out(f, f->producer[add->in[k]->id]);
        f->c->needed[in[k]->id] = true;
    }
}

static oq_status merge(oq_fuser *f, size_t i, const tail *t, add_codes *state, oq_value **in)
{
    oq_step *add = &f->sequence->steps[i];
    oq_value **out = OQ_NEW_ARRAY(f->c->arena, oq_value *, 2);
    bool *wanted = OQ_NEW_ARRAY(f->c->arena, bool, 2 + OQ_SPARE_PLACES);
    int n = 0;

    if (!out || !wanted)
        return OQ_NOMEM;
    state->sum_out = state->code_out = -1;
    if (t->quantize < 0 || f->n_reads[t->sum->id] > 1 || oq_is_watched(f->c, t->sum)) {
        state->sum_out = n;
        out[n++] = t->sum;
    }
    if (t->quantize >= 0) {
        state->code_out = n;
        out[n++] = f->sequence->steps[t->quantize].out[0];
        f->n_reads[t->sum->id]--;
    }
    take_sources(f, i, state, in);
    take_out(f, t->relu);
    take_out(f, t->quantize);
    if (t->relu >= 0)
        add->last = f->sequence->steps[t->relu].node;
    add->op = &add_codes_row;
    add->state = state;
    add->in = in;
    add->n_in = 2;
    add->out = out;
    add->n_out = n;
    add->wanted = wanted;
    for (int k = 0; k < n; k++)
        f->producer[out[k]->id] = (int)i;
    return OQ_OK;
}

oq_status oq_fuse_codes(oq_fuser *f, size_t i)
{
    const oq_step *step = &f->sequence->steps[i];
    add_codes *state;
    oq_value **in;
    tail t;

    if (step->is_integer || step->state || step->epilogue || !oq_node_is(step->node, "Add") ||
        step->n_in != 2 || step->n_out != 1 || !oq_fuse_same_shape(step->in[0], step->in[1]) ||
        step->in[0]->dtype != OQ_FLOAT)
        return OQ_OK;
    state = OQ_NEW(f->c->arena, add_codes);
    in = OQ_NEW_ARRAY(f->c->arena, oq_value *, 2);
    if (!state || !in)
        return OQ_NOMEM;
    if (!read_sides(f, i, state, in))
        return OQ_OK;
    t = find_tail(f, i, state);
    return merge(f, i, &t, state, in);
}
