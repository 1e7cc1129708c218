/* Windows and filters of signal processing that depend on a few numbers: HannWindow, HammingWindow,
 * BlackmanWindow, MelWeightMatrix.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "op/families.h"

static const double two_pi = 6.28318530717958647692;

static oq_dtype wanted_type(const oq_node *node)
{
    return (oq_dtype)oq_node_int(node, "output_datatype", OQ_FLOAT);
}

/* Element i of an array of any number type. */
static bool store(oq_array *out, size_t i, double x)
{
    float f = (float)x;

    switch (out->dtype) {
    case OQ_FLOAT:
    case OQ_FLOAT16:
    case OQ_BFLOAT16:
        return oq_from_floats(&f, out->dtype, (char *)out->data + i * oq_elem_size(out->dtype), 1);
    case OQ_DOUBLE: ((double *)out->data)[i] = x; return true;
    case OQ_INT8: ((int8_t *)out->data)[i] = (int8_t)x; return true;
    case OQ_UINT8: ((uint8_t *)out->data)[i] = (uint8_t)x; return true;
    case OQ_INT16: ((int16_t *)out->data)[i] = (int16_t)x; return true;
    case OQ_UINT16: ((uint16_t *)out->data)[i] = (uint16_t)x; return true;
    case OQ_INT32: ((int32_t *)out->data)[i] = (int32_t)x; return true;
    case OQ_UINT32: ((uint32_t *)out->data)[i] = (uint32_t)x; return true;
    case OQ_INT64: ((int64_t *)out->data)[i] = (int64_t)x; return true;
    case OQ_UINT64: ((uint64_t *)out->data)[i] = (uint64_t)x; return true;
    default: return false;
    }
}

static oq_status prepare_type(oq_prepare *ctx)
{
    int64_t dtype = oq_node_int(ctx->node, "output_datatype", OQ_FLOAT);

    if (dtype < 0 || dtype >= OQ_N_DTYPES || !(OQ_T_NUMBERS & OQ_T(dtype)))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "output_datatype %" PRId64 " is no number", dtype);
    return OQ_OK;
}

/* ------------------------------------------------------------------ windows */

/* a0 - a1 cos(angle) + a2 cos(2 angle), the angle going once around in n steps, or n - 1 when symmetric. */
static oq_status run_window(oq_run *ctx, double a0, double a1, double a2)
{
    int64_t n = ctx->in[0]->n == 1 ? oq_array_int(ctx->in[0], 0) : -1;
    double steps = (double)(oq_node_int(ctx->node, "periodic", 1) ? n : n - 1);

    if (n < 0)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "its size must be one number from 0 on");
    if (!oq_out(ctx, 0, wanted_type(ctx->node), &n, 1))
        return oq_run_failure(ctx);
    for (int64_t i = 0; i < n; i++) {
        double angle =
            steps > 0 ? two_pi * (double)i / steps : two_pi / 2; /* a window of one is its middle */

        store(&ctx->out[0], (size_t)i, a0 - a1 * cos(angle) + a2 * cos(2 * angle));
    }
    return OQ_OK;
}

static oq_status run_hann(oq_run *ctx)
{
    return run_window(ctx, 0.5, 0.5, 0);
}

static oq_status run_hamming(oq_run *ctx)
{
    return run_window(ctx, 25. / 46, 21. / 46, 0);
}

static oq_status run_blackman(oq_run *ctx)
{
    return run_window(ctx, 0.42, 0.5, 0.08);
}

static bool known_size(const oq_infer *ctx, int i, int64_t *out)
{
    const oq_elems *elems = ctx->in_elems[i];

    if (!elems || elems->n != 1 || !elems->e[0].is_known)
        return false;
    *out = elems->e[0].value;
    return true;
}

static oq_status infer_window(oq_infer *ctx)
{
    int64_t n;

    ctx->out[0].dtype = wanted_type(ctx->node);
    ctx->out[0].shape = (oq_shape){1, {oq_dim_unknown()}};
    if (known_size(ctx, 0, &n) && n >= 0)
        ctx->out[0].shape.dims[0] = oq_dim_of(n);
    return OQ_OK;
}

/* ------------------------------------------------------------------ MelWeightMatrix */

typedef struct mel {
    int64_t n_bins, length, rate;
    double low, high; /* in mel */
} mel;

static double to_mel(double hertz)
{
    return 2595 * log1p(hertz / 700) / log(10);
}

/* Spectrogram bin at the edge number i of the triangles. */
static int64_t edge(const mel *m, int64_t i)
{
    double step = (m->high - m->low) / (double)(m->n_bins + 2);
    double hertz = 700 * expm1(((double)i * step + m->low) / 2595 * log(10));

    return (int64_t)floor((double)(m->length + 1) * hertz / (double)m->rate);
}

/* Column i: rises from edge i to i + 1, falls to i + 2. */
static bool fill_triangle(const mel *m, int64_t i, oq_array *out)
{
    int64_t left = edge(m, i), center = edge(m, i + 1), right = edge(m, i + 2), n_rows = out->dims[0];

    if (left < 0 || left > center || center > right || center >= n_rows || right > n_rows)
        return false;
    for (int64_t j = left; j <= center; j++)
        store(out, (size_t)(j * m->n_bins + i),
              center > left ? (double)(j - left) / (double)(center - left) : 1);
    for (int64_t j = center; j < right; j++)
        store(out, (size_t)(j * m->n_bins + i), (double)(right - j) / (double)(right - center));
    return true;
}

static double one_number(const oq_array *array)
{
    float f = 0;

    if (array->dtype == OQ_DOUBLE)
        return *(const double *)array->data;
    oq_to_floats(array, &f);
    return (double)f;
}

static oq_status run_mel(oq_run *ctx)
{
    mel m;

    for (int i = 0; i < 5; i++) {
        if (ctx->in[i]->n != 1)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "input %d must be one number", i);
    }
    m = (mel){oq_array_int(ctx->in[0], 0), oq_array_int(ctx->in[1], 0), oq_array_int(ctx->in[2], 0),
              to_mel(one_number(ctx->in[3])), to_mel(one_number(ctx->in[4]))};
    if (m.n_bins < 0 || m.length < 1 || m.rate < 1 || m.n_bins > INT32_MAX || m.length > INT32_MAX)
        OQ_OP_FAIL(ctx, OQ_SHAPE,
                   "%" PRId64 " bins of a transform of %" PRId64 " at %" PRId64 " Hz are not possible",
                   m.n_bins, m.length, m.rate);
    if (!oq_out(ctx, 0, wanted_type(ctx->node), (int64_t[]){m.length / 2 + 1, m.n_bins}, 2))
        return oq_run_failure(ctx);
    memset(ctx->out[0].data, 0, ctx->out[0].size);
    for (int64_t i = 0; i < m.n_bins; i++) {
        if (!fill_triangle(&m, i, &ctx->out[0]))
            OQ_OP_FAIL(ctx, OQ_SHAPE,
                       "bin %" PRId64 " lies outside the spectrum: upper_edge_hertz is more than half "
                       "the sample rate, or below lower_edge_hertz",
                       i);
    }
    return OQ_OK;
}

static oq_status infer_mel(oq_infer *ctx)
{
    int64_t n, length;

    ctx->out[0].dtype = wanted_type(ctx->node);
    ctx->out[0].shape = (oq_shape){2, {oq_dim_unknown(), oq_dim_unknown()}};
    if (known_size(ctx, 1, &length) && length >= 0)
        ctx->out[0].shape.dims[0] = oq_dim_of(length / 2 + 1);
    if (known_size(ctx, 0, &n) && n >= 0)
        ctx->out[0].shape.dims[1] = oq_dim_of(n);
    return OQ_OK;
}

#define SIGNAL(op, inputs, infer_fn, run_fn)                                                                \
    {                                                                                                       \
        .name = op, .domain = "", .since = 17, .min_in = inputs, .max_in = inputs, .min_out = 1,            \
        .max_out = 1, .types = OQ_T(OQ_INT32) | OQ_T(OQ_INT64), .infer = infer_fn, .prepare = prepare_type, \
        .run = run_fn, .weight = -1, .bias = -1                                                             \
    }

const oq_op oq_ops_signal[] = {
    SIGNAL("BlackmanWindow", 1, infer_window, run_blackman),
    SIGNAL("HammingWindow", 1, infer_window, run_hamming),
    SIGNAL("HannWindow", 1, infer_window, run_hann),
    SIGNAL("MelWeightMatrix", 5, infer_mel, run_mel),
    {0},
};
