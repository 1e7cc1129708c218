/* DFT and STFT: lines of a tensor through fft.h, in double whatever the type. Complex numbers are a last
 * dimension of 2, real ones of 1.
 *
 * Onesided: a real signal has a transform that mirrors itself, so the first n / 2 + 1 numbers tell all; the
 * inverse takes those and gives n real numbers.
 */
#include <inttypes.h>
#include <string.h>

#include "op/families.h"
#include "op/fft.h"

/* Lines to transform: element i of line (o, k) is x[(o * in_length + i) * inner + k], complex or real. */
typedef struct lines {
    size_t outer, inner, in_length, n, out_length; /* n: of the transform */
    int in_parts, out_parts;                       /* 1 real, 2 complex */
    bool inverse, mirrors;                         /* mirrors: the input is the half of a symmetric one */
    const double *x, *window;                      /* window: n factors, or NULL */
    size_t step; /* STFT: line o starts at x + o * step elements; 0: lines stand one behind the other */
    size_t frames, signal; /* STFT: lines per signal, its length */
    double *y;
    oq_fft plan;
    oq_complex *work; /* per worker: n + n + plan.largest */
} lines;

static const double *line_start(const lines *l, size_t o)
{
    if (!l->step)
        return l->x + o * l->in_length * l->inner * (size_t)l->in_parts;
    return l->x + (o / l->frames * l->signal + o % l->frames * l->step) * (size_t)l->in_parts;
}

static void load(const lines *l, size_t o, size_t k, oq_complex *to)
{
    const double *x = line_start(l, o) + k * (size_t)l->in_parts;
    size_t stride = l->inner * (size_t)l->in_parts, n = l->mirrors ? l->n / 2 + 1 : l->n;

    for (size_t i = 0; i < l->n; i++)
        to[i] = (oq_complex){0, 0};
    for (size_t i = 0; i < n && i < l->in_length; i++) {
        double factor = l->window ? l->window[i] : 1;

        to[i] = (oq_complex){x[i * stride] * factor, l->in_parts == 2 ? x[i * stride + 1] * factor : 0};
    }
    if (!l->mirrors)
        return;
    to[0].im = 0;
    if (l->n % 2 == 0)
        to[l->n / 2].im = 0;
    for (size_t i = 1; i < (l->n + 1) / 2; i++)
        to[l->n - i] = (oq_complex){to[i].re, -to[i].im};
}

static void run_line(void *arg, size_t line, int worker)
{
    const lines *l = arg;
    oq_complex *x = l->work + (size_t)worker * (2 * l->n + l->plan.largest), *y = x + l->n;
    double scale = l->inverse ? 1 / (double)l->n : 1;
    double *out =
        l->y + (line / l->inner * l->out_length * l->inner + line % l->inner) * (size_t)l->out_parts;

    load(l, line / l->inner, line % l->inner, x);
    oq_fft_run(&l->plan, x, l->inverse, y, y + l->n);
    for (size_t i = 0; i < l->out_length; i++, out += l->inner * (size_t)l->out_parts) {
        out[0] = y[i].re * scale;
        if (l->out_parts == 2)
            out[1] = y[i].im * scale;
    }
}

/* n numbers of type dtype in double; NULL: status is set. */
static const double *doubles_in(oq_run *ctx, int i)
{
    const oq_array *in = ctx->in[i];
    double *x;
    float *floats;

    if (in->dtype == OQ_DOUBLE)
        return in->data;
    x = oq_scratch(ctx, in->n * sizeof *x);
    floats = x ? oq_scratch(ctx, in->n * sizeof *floats) : NULL;
    if (!floats)
        return NULL;
    if (!oq_to_floats(in, floats)) {
        ctx->status = oq_op_fail(ctx->diag, ctx->node, OQ_UNSUPPORTED, __FILE__, __LINE__, "input %d is %s",
                                 i, oq_dtype_name(in->dtype));
        return NULL;
    }
    for (size_t k = 0; k < in->n; k++)
        x[k] = (double)floats[k];
    return x;
}

static oq_status store(oq_run *ctx, const double *y)
{
    oq_array *out = &ctx->out[0];
    float *floats;

    if (out->dtype == OQ_DOUBLE)
        return OQ_OK;
    floats = out->dtype == OQ_FLOAT ? out->data : oq_scratch(ctx, out->n * sizeof *floats);
    if (!floats)
        return oq_run_failure(ctx);
    for (size_t i = 0; i < out->n; i++)
        floats[i] = (float)y[i];
    oq_from_floats(floats, out->dtype, out->data, out->n);
    return OQ_OK;
}

/* Output of that shape, plan, memory; then all lines. */
static oq_status transform_lines(oq_run *ctx, lines *l, const int64_t *dims, int rank)
{
    size_t n_workers = ctx->pool ? (size_t)oq_pool_size(ctx->pool) : 1;
    oq_complex *turns;
    void *out = oq_out(ctx, 0, ctx->in[0]->dtype, dims, rank);

    if (!out)
        return oq_run_failure(ctx);
    if (ctx->out[0].n == 0)
        return OQ_OK;
    if (l->n > ((size_t)1 << 31))
        OQ_OP_FAIL(ctx, OQ_LIMIT, "a transform of %zu numbers is too long", l->n);
    turns = oq_scratch(ctx, l->n * sizeof *turns);
    l->y = turns && ctx->out[0].dtype != OQ_DOUBLE ? oq_scratch(ctx, ctx->out[0].n * sizeof *l->y) : out;
    if (!turns || !l->y)
        return oq_run_failure(ctx);
    oq_fft_plan(&l->plan, l->n, turns);
    l->work = oq_scratch(ctx, n_workers * (2 * l->n + l->plan.largest) * sizeof *l->work);
    if (!l->work)
        return oq_run_failure(ctx);
    oq_pool_run(ctx->pool, l->outer * l->inner, run_line, l);
    return store(ctx, l->y);
}

/* ------------------------------------------------------------------ DFT */

/* The axis: an attribute up to opset 19, input 2 from 20 on. */
static int64_t axis_of(const oq_run *ctx)
{
    const oq_array *axis = oq_in(ctx, 2);

    if (ctx->node->opset < 20)
        return oq_node_int(ctx->node, "axis", 1);
    return axis && axis->n ? oq_array_int(axis, 0) : -2;
}

static oq_status run_dft(oq_run *ctx)
{
    const oq_array *in = ctx->in[0], *length = oq_in(ctx, 1);
    bool onesided = oq_node_int(ctx->node, "onesided", 0) != 0;
    lines l = {.inverse = oq_node_int(ctx->node, "inverse", 0) != 0};
    int64_t dims[OQ_MAX_RANK], n;
    int axis, last = in->rank - 1;

    if (in->rank < 2 || in->dims[last] < 1 || in->dims[last] > 2)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "its input must end in a dimension of 1 (real) or 2 (complex)");
    if (!oq_axis_normalize(axis_of(ctx), in->rank, &axis) || axis == last)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %" PRId64 " cannot be transformed in rank %d", axis_of(ctx),
                   in->rank);
    l.mirrors = l.inverse && onesided;
    n = length && length->n ? oq_array_int(length, 0) : l.mirrors ? 2 * (in->dims[axis] - 1) : in->dims[axis];
    if (n < 1 && in->n)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "a transform of length %" PRId64 " is not possible", n);
    n = n < 1 ? 0 : n;
    memcpy(dims, in->dims, sizeof dims);
    dims[axis] = onesided && !l.inverse ? n / 2 + 1 : n;
    dims[last] = l.mirrors ? 1 : 2;
    l.in_parts = (int)in->dims[last];
    l.out_parts = (int)dims[last];
    l.n = (size_t)n;
    l.in_length = (size_t)in->dims[axis];
    l.out_length = (size_t)dims[axis];
    l.outer = oq_dims_product(in->dims, 0, axis);
    l.inner = oq_dims_product(in->dims, axis + 1, last);
    l.x = doubles_in(ctx, 0);
    return l.x ? transform_lines(ctx, &l, dims, in->rank) : oq_run_failure(ctx);
}

/* Element 0 of the known contents of input i; false when it is not known. */
static bool known_int(const oq_infer *ctx, int i, int64_t *out)
{
    const oq_elems *elems = i < ctx->n_in ? ctx->in_elems[i] : NULL;

    if (!elems || elems->n != 1 || !elems->e[0].is_known)
        return false;
    *out = elems->e[0].value;
    return true;
}

static bool is_given(const oq_infer *ctx, int i)
{
    return i < ctx->node->n_inputs && ctx->node->inputs[i];
}

static oq_status infer_dft(oq_infer *ctx)
{
    const oq_shape *x = &ctx->in[0].shape;
    bool onesided = oq_node_int(ctx->node, "onesided", 0) != 0,
         inverse = oq_node_int(ctx->node, "inverse", 0) != 0;
    int64_t given = ctx->node->opset < 20 ? oq_node_int(ctx->node, "axis", 1) : -2, n = -1;
    int axis;

    ctx->out[0].dtype = ctx->in[0].dtype;
    if (x->rank < 2)
        return OQ_OK;
    ctx->out[0].shape = *x;
    ctx->out[0].shape.dims[x->rank - 1] = oq_dim_of(onesided && inverse ? 1 : 2);
    if (ctx->node->opset >= 20 && is_given(ctx, 2) && !known_int(ctx, 2, &given)) {
        ctx->out[0].shape = oq_shape_unknown();
        return OQ_OK;
    }
    if (!oq_axis_normalize(given, x->rank, &axis))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %" PRId64 " is outside an input of rank %d", given, x->rank);
    if (!is_given(ctx, 1) && !onesided)
        return OQ_OK; /* as long as the input */
    if (is_given(ctx, 1) ? !known_int(ctx, 1, &n) : (n = x->dims[axis].size) < 0)
        n = -1;
    else if (inverse && onesided && !is_given(ctx, 1))
        n = 2 * (n - 1);
    else if (onesided && !inverse)
        n = n / 2 + 1;
    ctx->out[0].shape.dims[axis] = n < 0 ? oq_dim_unknown() : oq_dim_of(n);
    return OQ_OK;
}

/* ------------------------------------------------------------------ STFT */

static oq_status run_stft(oq_run *ctx)
{
    const oq_array *in = ctx->in[0], *window = oq_in(ctx, 2), *length = oq_in(ctx, 3);
    int64_t step = ctx->in[1]->n ? oq_array_int(ctx->in[1], 0) : 0, n, frames;
    bool onesided = oq_node_int(ctx->node, "onesided", 1) != 0;
    lines l = {.inner = 1, .out_parts = 2};

    if (in->rank < 2 || in->rank > 3 || (in->rank == 3 && (in->dims[2] < 1 || in->dims[2] > 2)))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "its signal must be [batch, length, 1 or 2], rank %d is not", in->rank);
    n = length && length->n ? oq_array_int(length, 0) : window ? (int64_t)window->n : in->dims[1];
    if (step < 1 || n < 1 || (window && (int64_t)window->n != n))
        OQ_OP_FAIL(ctx, OQ_SHAPE,
                   "frames of %" PRId64 " every %" PRId64 " with a window of %zu are not possible", n, step,
                   window ? window->n : (size_t)n);
    frames = in->dims[1] < n ? 0 : 1 + (in->dims[1] - n) / step;
    l.in_parts = in->rank == 3 ? (int)in->dims[2] : 1;
    l.n = l.in_length = (size_t)n;
    l.out_length = onesided ? l.n / 2 + 1 : l.n;
    l.frames = (size_t)frames;
    l.signal = (size_t)in->dims[1];
    l.step = (size_t)step;
    l.outer = (size_t)in->dims[0] * l.frames;
    l.x = doubles_in(ctx, 0);
    l.window = l.x && window ? doubles_in(ctx, 2) : NULL;
    if (!l.x || (window && !l.window))
        return oq_run_failure(ctx);
    return transform_lines(ctx, &l, (int64_t[]){in->dims[0], frames, (int64_t)l.out_length, 2}, 4);
}

static oq_status infer_stft(oq_infer *ctx)
{
    const oq_shape *x = &ctx->in[0].shape;
    oq_shape *out = &ctx->out[0].shape;
    int64_t step = 0, n = -1;
    bool knows_length = is_given(ctx, 3) && known_int(ctx, 3, &n);

    ctx->out[0].dtype = ctx->in[0].dtype;
    if (x->rank < 2)
        return OQ_OK;
    if (!knows_length && is_given(ctx, 2) && ctx->in[2].shape.rank == 1)
        n = ctx->in[2].shape.dims[0].size;
    else if (!knows_length && !is_given(ctx, 3) && !is_given(ctx, 2))
        n = x->dims[1].size;
    *out = (oq_shape){4, {x->dims[0], oq_dim_unknown(), oq_dim_unknown(), oq_dim_of(2)}};
    if (n < 1)
        return OQ_OK;
    out->dims[2] = oq_dim_of(oq_node_int(ctx->node, "onesided", 1) ? n / 2 + 1 : n);
    if (known_int(ctx, 1, &step) && step > 0 && x->dims[1].size >= 0)
        out->dims[1] = oq_dim_of(x->dims[1].size < n ? 0 : 1 + (x->dims[1].size - n) / step);
    return OQ_OK;
}

#define FOURIER(op, opset, least, most, infer_fn, run_fn)                                              \
    {                                                                                                  \
        .name = op, .domain = "", .since = opset, .min_in = least, .max_in = most, .min_out = 1,       \
        .max_out = 1, .types = OQ_T_FLOATS, .infer = infer_fn, .run = run_fn, .weight = -1, .bias = -1 \
    }

const oq_op oq_ops_fourier[] = {
    FOURIER("DFT", 17, 1, 2, infer_dft, run_dft),
    FOURIER("DFT", 20, 1, 3, infer_dft, run_dft),
    FOURIER("STFT", 17, 2, 4, infer_stft, run_stft),
    {0},
};
