/* Resize and Upsample.
 *
 * Nearest gathers elements of any type by one index table per axis. Linear and cubic are separable: one pass
 * per axis that changes, last axis first, each output a weighted sum of a few elements of its line, in
 * ascending order. Upsample and Resize 10 have fixed rules: coordinate x / scale, nearest rounds down, or up
 * where Resize 10 makes an axis smaller (the standard is silent, ONNX Runtime does so).
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "op/channels_last.h"
#include "op/families.h"
#include "op/floats.h"
#include "op/resize_axis.h"

enum { LANES = 16 }; /* elements of a row at once */

typedef enum { STRETCH, NOT_LARGER, NOT_SMALLER } aspect_policy;

typedef struct {
    oq_resize_rule rule;
    aspect_policy aspect;
    float extrapolation_value;
    int roi, scales, sizes; /* inputs; -1: none in this version */
    size_t n_axes;          /* attribute axes; 0: all */
    const int64_t *axes;
    size_t n_scales; /* attribute scales of Upsample 7 */
    const float *attribute_scales;
} resize_state;

/* ------------------------------------------------------------------ attributes */

/* Position of the attribute's text among n names. */
static oq_status read_name(const oq_node *node, const char *attribute, const char *const *names, int n,
                           const char *otherwise, int *out, oq_diag *diag)
{
    const char *text = oq_node_string(node, attribute, otherwise);

    for (*out = 0; *out < n; ++*out) {
        if (strcmp(text, names[*out]) == 0)
            return OQ_OK;
    }
    return oq_op_fail(diag, node, OQ_UNSUPPORTED, __FILE__, __LINE__, "unknown %s \"%.40s\"", attribute,
                      text);
}

static oq_status read_mode(const oq_node *node, oq_resize_rule *rule, oq_diag *diag)
{
    static const char *const names[] = {"nearest", "linear", "cubic", "bilinear"};
    int mode;

    OQ_TRY(read_name(node, "mode", names, 4, "nearest", &mode, diag));
    rule->mode =
        mode == 3 ? OQ_RESIZE_LINEAR : (oq_resize_mode)mode; /* early files of Upsample say bilinear */
    return OQ_OK;
}

static oq_status read_rule(const oq_node *node, resize_state *s, oq_diag *diag)
{
    static const char *const coordinates[] = {
        "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
        "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize"};
    static const char *const rounds[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
    static const char *const policies[] = {"stretch", "not_larger", "not_smaller"};
    oq_resize_rule *rule = &s->rule;
    int coordinate, round, policy;

    OQ_TRY(read_mode(node, rule, diag));
    if (oq_node_is(node, "Upsample") || node->opset < 11) {
        rule->coordinate = OQ_ASYMMETRIC;
        rule->round = oq_node_is(node, "Resize") ? OQ_ROUND_AWAY_FROM_ONE : OQ_ROUND_FLOOR;
        return OQ_OK;
    }
    OQ_TRY(
        read_name(node, "coordinate_transformation_mode", coordinates, 7, "half_pixel", &coordinate, diag));
    OQ_TRY(read_name(node, "nearest_mode", rounds, 4, "round_prefer_floor", &round, diag));
    OQ_TRY(read_name(node, "keep_aspect_ratio_policy", policies, 3, "stretch", &policy, diag));
    rule->coordinate = (oq_resize_coordinate)coordinate;
    rule->round = (oq_resize_round)round;
    s->aspect = (aspect_policy)policy;
    rule->antialias = oq_node_int(node, "antialias", 0) != 0;
    rule->exclude_outside = oq_node_int(node, "exclude_outside", 0) != 0;
    rule->cubic_a = oq_node_float(node, "cubic_coeff_a", -0.75f);
    s->extrapolation_value = oq_node_float(node, "extrapolation_value", 0);
    s->axes = oq_node_ints(node, "axes", &s->n_axes);
    return OQ_OK;
}

static oq_status read_attributes(const oq_node *node, resize_state *s, oq_diag *diag)
{
    bool has_roi = oq_node_is(node, "Resize") && node->opset >= 11;

    *s = (resize_state){.roi = has_roi ? 1 : -1, .scales = has_roi ? 2 : 1, .sizes = has_roi ? 3 : -1};
    s->attribute_scales = oq_node_floats(node, "scales", &s->n_scales);
    return read_rule(node, s, diag);
}

static oq_status prepare(oq_prepare *ctx)
{
    resize_state *s = OQ_NEW(ctx->arena, resize_state);

    if (!s)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "out of memory");
    ctx->state = s;
    return read_attributes(ctx->node, s, ctx->diag);
}

/* ------------------------------------------------------------------ sizes */

/* What the inputs ask for, in the order of the axes they are given for. */
typedef struct {
    size_t n;              /* axes given */
    int axes[OQ_MAX_RANK]; /* which */
    const float *scales;   /* one of these two is given */
    int64_t sizes[OQ_MAX_RANK];
    const float *roi; /* 2 n values; NULL */
} request;

/* Which axis each number is for: n numbers, for all axes or those of the attribute. */
static oq_status list_axes(const resize_state *s, const oq_node *node, int rank, size_t n, request *r,
                           oq_diag *diag)
{
    size_t n_wanted = s->n_axes ? s->n_axes : (size_t)rank;

    if (n != n_wanted || n > OQ_MAX_RANK)
        return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__, "%zu scales or sizes for %zu axes", n,
                          n_wanted);
    r->n = n;
    for (size_t i = 0; i < n; i++) {
        r->axes[i] = (int)i;
        if (s->n_axes && !oq_axis_normalize(s->axes[i], rank, &r->axes[i]))
            return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__,
                              "axis %" PRId64 " is outside an input of rank %d", s->axes[i], rank);
    }
    return OQ_OK;
}

/* One scale for all given axes, so that the image keeps its proportions. */
static void keep_aspect(const resize_state *s, const request *r, oq_resize_axis *axes)
{
    float best = s->aspect == NOT_LARGER ? INFINITY : 0;

    for (size_t i = 0; i < r->n; i++) {
        float scale = (float)r->sizes[i] / (float)axes[r->axes[i]].in;

        best = s->aspect == NOT_LARGER ? fminf(best, scale) : fmaxf(best, scale);
    }
    for (size_t i = 0; i < r->n; i++) {
        oq_resize_axis *axis = &axes[r->axes[i]];

        axis->scale = best;
        axis->out = (int64_t)floorf(best * (float)axis->in + 0.5f);
    }
}

static oq_status set_axes(const resize_state *s, const oq_node *node, const int64_t *in, int rank,
                          const request *r, oq_resize_axis *axes, oq_diag *diag)
{
    for (int i = 0; i < rank; i++)
        axes[i] = (oq_resize_axis){.in = in[i], .out = in[i], .scale = 1, .roi_end = 1};
    for (size_t i = 0; i < r->n; i++) {
        oq_resize_axis *axis = &axes[r->axes[i]];
        float out = r->scales ? floorf(r->scales[i] * (float)axis->in) : 0;

        if (r->scales && !(r->scales[i] > 0 && out < 0x1p40f))
            return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__, "scale %g of axis %d is out of range",
                              (double)r->scales[i], r->axes[i]);
        if (!r->scales && (r->sizes[i] < 0 || (axis->in == 0 && r->sizes[i] > 0)))
            return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__,
                              "axis %d of size %" PRId64 " cannot become %" PRId64, r->axes[i], axis->in,
                              r->sizes[i]);
        axis->out = r->scales ? (int64_t)out : r->sizes[i];
        axis->scale = r->scales ? r->scales[i] : (float)axis->out / (float)axis->in;
        if (r->roi) {
            axis->roi_begin = r->roi[i];
            axis->roi_end = r->roi[i + r->n];
        }
    }
    if (!r->scales && s->aspect != STRETCH)
        keep_aspect(s, r, axes);
    return OQ_OK;
}

static bool is_given(const oq_array *in)
{
    return in && in->n > 0;
}

static oq_status read_request(oq_run *ctx, const resize_state *s, request *r)
{
    const oq_array *sizes = s->sizes < 0 ? NULL : oq_in(ctx, s->sizes), *scales = oq_in(ctx, s->scales);
    const oq_array *roi = s->roi < 0 ? NULL : oq_in(ctx, s->roi);
    int rank = ctx->in[0]->rank;

    *r = (request){0};
    if (is_given(sizes)) {
        OQ_TRY(list_axes(s, ctx->node, rank, sizes->n, r, ctx->diag));
        for (size_t i = 0; i < r->n; i++)
            r->sizes[i] = oq_array_int(sizes, i);
    } else if (is_given(scales) && scales->dtype == OQ_FLOAT) {
        OQ_TRY(list_axes(s, ctx->node, rank, scales->n, r, ctx->diag));
        r->scales = scales->data;
    } else if (s->n_scales) {
        OQ_TRY(list_axes(s, ctx->node, rank, s->n_scales, r, ctx->diag));
        r->scales = s->attribute_scales;
    } else {
        OQ_OP_FAIL(ctx, OQ_SHAPE, "neither scales nor sizes are given");
    }
    if (s->rule.coordinate != OQ_TF_CROP_AND_RESIZE)
        return OQ_OK;
    if (!is_given(roi) || roi->n != 2 * r->n)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "tf_crop_and_resize needs a roi of %zu numbers", 2 * r->n);
    r->roi = oq_floats_in(ctx, s->roi);
    return r->roi ? OQ_OK : ctx->status;
}

/* ------------------------------------------------------------------ infer */

/* The numbers of a request as far as infer knows them; false: nothing known. */
static bool known_request(const oq_infer *ctx, const resize_state *s, float *scales, request *r, size_t *n)
{
    const oq_tensor *constant =
        s->scales < ctx->n_in ? oq_value_constant(ctx->node->inputs[s->scales]) : NULL;
    const oq_elems *sizes = s->sizes >= 0 && s->sizes < ctx->n_in ? ctx->in_elems[s->sizes] : NULL;

    if (s->n_scales && s->n_scales <= OQ_MAX_RANK) {
        r->scales = s->attribute_scales;
        *n = s->n_scales;
        return true;
    }
    if (constant && constant->n_elements && constant->n_elements <= OQ_MAX_RANK &&
        oq_tensor_floats(constant, scales)) {
        r->scales = scales;
        *n = constant->n_elements;
        return true;
    }
    if (!sizes || sizes->n == 0 || sizes->n > OQ_MAX_RANK)
        return false;
    *n = (size_t)sizes->n;
    for (int i = 0; i < sizes->n; i++)
        r->sizes[i] = sizes->e[i].is_known ? sizes->e[i].value : -1;
    return true;
}

/* One axis: scale or size known, input size known or not. */
static oq_dim resized(const oq_infer *ctx, const resize_state *s, const request *r, size_t i, oq_dim in)
{
    const oq_elems *sizes = r->scales ? NULL : ctx->in_elems[s->sizes];

    if (r->scales && r->scales[i] == 1)
        return in;
    if (r->scales)
        return in.size < 0 ? oq_dim_unknown() : oq_dim_of((int64_t)floorf(r->scales[i] * (float)in.size));
    if (r->sizes[i] >= 0)
        return oq_dim_of(r->sizes[i]);
    return (oq_dim){-1, sizes->e[i].symbol};
}

static oq_status infer(oq_infer *ctx)
{
    const oq_shape *x = &ctx->in[0].shape;
    oq_resize_axis axes[OQ_MAX_RANK];
    int64_t dims[OQ_MAX_RANK];
    float scales[OQ_MAX_RANK];
    request r = {0};
    resize_state s;
    size_t n = 0;

    ctx->out[0].dtype = ctx->in[0].dtype;
    OQ_TRY(read_attributes(ctx->node, &s, ctx->diag));
    if (x->rank < 0)
        return OQ_OK;
    ctx->out[0].shape.rank = x->rank;
    for (int i = 0; i < x->rank; i++)
        ctx->out[0].shape.dims[i] = oq_dim_unknown();
    if (!known_request(ctx, &s, scales, &r, &n))
        return OQ_OK;
    OQ_TRY(list_axes(&s, ctx->node, x->rank, n, &r, ctx->diag));
    ctx->out[0].shape = *x;
    for (size_t i = 0; i < r.n; i++)
        ctx->out[0].shape.dims[r.axes[i]] =
            !r.scales && s.aspect != STRETCH ? oq_dim_unknown() : resized(ctx, &s, &r, i, x->dims[r.axes[i]]);
    for (size_t i = 0; i < r.n; i++)
        if (!r.scales && r.sizes[i] < 0)
            return OQ_OK;
    if (!oq_shape_dims(x, dims))
        return OQ_OK;
    OQ_TRY(set_axes(&s, ctx->node, dims, x->rank, &r, axes, ctx->diag));
    for (int i = 0; i < x->rank; i++)
        ctx->out[0].shape.dims[i] = oq_dim_of(axes[i].out);
    return OQ_OK;
}

/* ------------------------------------------------------------------ nearest */

typedef struct {
    int rank;
    int64_t out[OQ_MAX_RANK];
    size_t in_step[OQ_MAX_RANK]; /* elements */
    const int64_t *index[OQ_MAX_RANK];
    bool is_whole; /* the last axis stays as it is */
    size_t element;
    const char *x;
    char *y;
    const void *outside; /* one element: extrapolation_value */
} gather_job;

#define GATHER(type)                                                             \
    static void gather_##type(const gather_job *job, const char *from, char *to) \
    {                                                                            \
        const int64_t *index = job->index[job->rank - 1];                        \
        const type *x = (const type *)(const void *)from;                        \
        type *y = (type *)(void *)to, outside;                                   \
                                                                                 \
        memcpy(&outside, job->outside, sizeof outside);                          \
        for (int64_t i = 0; i < job->out[job->rank - 1]; i++)                    \
            y[i] = index[i] < 0 ? outside : x[index[i]];                         \
    }

typedef struct {
    uint64_t half[2];
} sixteen;

GATHER(uint8_t)
GATHER(uint16_t)
GATHER(uint32_t)
GATHER(uint64_t)
GATHER(sixteen)

static void gather_row(const gather_job *job, const char *from, char *to)
{
    if (job->is_whole) {
        memcpy(to, from, (size_t)job->out[job->rank - 1] * job->element);
        return;
    }
    switch (job->element) {
    case 1: gather_uint8_t(job, from, to); break;
    case 2: gather_uint16_t(job, from, to); break;
    case 4: gather_uint32_t(job, from, to); break;
    case 8: gather_uint64_t(job, from, to); break;
    default: gather_sixteen(job, from, to); break;
    }
}

/* All rows under one index of axis 0. A row that comes from the same input row as the one before is copied.
 */
static void gather_part(void *arg, size_t first, int worker)
{
    const gather_job *job = arg;
    int last = job->rank - 1;
    size_t width = (size_t)job->out[last] * job->element;
    size_t rows = oq_dims_product(job->out, 1, last > 1 ? last : 1), before = SIZE_MAX;
    char *y = job->y + first * rows * width;

    (void)worker;
    for (size_t r = 0; r < rows; r++, y += width) {
        size_t rest = r, offset = 0;
        bool is_outside = false;

        for (int i = last - 1; i >= 1; i--) {
            int64_t at = job->index[i][rest % (size_t)job->out[i]];

            rest /= (size_t)job->out[i];
            is_outside |= at < 0;
            offset += (size_t)(at < 0 ? 0 : at) * job->in_step[i];
        }
        is_outside |= last > 0 && job->index[0][first] < 0;
        if (last > 0 && !is_outside)
            offset += (size_t)job->index[0][first] * job->in_step[0];
        if (is_outside) {
            for (size_t i = 0; i < width; i += job->element)
                memcpy(y + i, job->outside, job->element);
        } else if (offset == before) {
            memcpy(y, y - width, width);
        } else {
            gather_row(job, job->x + offset * job->element, y);
        }
        before = is_outside ? SIZE_MAX : offset;
    }
}

/* extrapolation_value as one element; types other than float and double give 0. */
static void outside_element(const resize_state *s, oq_dtype dtype, char *element)
{
    memset(element, 0, 16);
    oq_from_floats(&s->extrapolation_value, dtype, element, 1);
}

static oq_status run_nearest(oq_run *ctx, const resize_state *s, const oq_resize_axis *axes,
                             const int64_t *dims)
{
    const oq_array *in = ctx->in[0];
    gather_job job = {.rank = in->rank, .element = oq_elem_size(in->dtype), .x = in->data};
    size_t step = 1;
    char outside[16];

    outside_element(s, in->dtype, outside);
    job.outside = outside;
    for (int i = in->rank - 1; i >= 0; i--) {
        int64_t *index = oq_scratch(ctx, (size_t)dims[i] * sizeof *index);

        if (!index)
            return ctx->status;
        oq_resize_nearest(&s->rule, &axes[i], index);
        job.index[i] = index;
        job.out[i] = dims[i];
        job.in_step[i] = step;
        if (i == in->rank - 1)
            job.is_whole = oq_resize_is_identity(&s->rule, &axes[i]);
        step *= (size_t)in->dims[i];
    }
    job.y = oq_out(ctx, 0, in->dtype, dims, in->rank);
    if (!job.y)
        return ctx->status;
    if (ctx->out[0].n > 0)
        oq_pool_run(ctx->pool, in->rank > 1 ? (size_t)dims[0] : 1, gather_part, &job);
    return OQ_OK;
}

/* ------------------------------------------------------------------ linear and cubic */

/* [outer][in][inner] -> [outer][out][inner] */
typedef struct {
    size_t in, out, inner, taps;
    const int64_t *index;
    const float *weight;
    const float *x;
    float *y;
    float outside;
} pass_job;

static void fill(float *y, size_t n, float value)
{
    for (size_t i = 0; i < n; i++)
        y[i] = value;
}

/* Last axis: outputs of one line. */
static void pass_line(void *arg, size_t line, int worker)
{
    const pass_job *job = arg;
    const float *x = job->x + line * job->in, *w = job->weight;
    const int64_t *index = job->index;
    float *y = job->y + line * job->out;

    (void)worker;
    for (size_t o = 0; o < job->out; o++, index += job->taps, w += job->taps) {
        float sum = 0;

        if (index[0] < 0) {
            y[o] = job->outside;
            continue;
        }
        for (size_t t = 0; t < job->taps; t++)
            sum += w[t] * x[index[t]];
        y[o] = sum;
    }
}

/* LANES neighbouring elements of an output row; their sums stay in registers. */
static void pass_lanes(const pass_job *job, const int64_t *index, const float *w, const float *x, float *y)
{
    float sum[LANES] = {0};

    for (size_t t = 0; t < job->taps; t++) {
        const float *from = x + (size_t)index[t] * job->inner;
        float weight = w[t];

        for (int i = 0; i < LANES; i++)
            sum[i] += weight * from[i];
    }
    memcpy(y, sum, sizeof sum);
}

/* Other axes: one output row of `inner` elements. */
static void pass_row(void *arg, size_t row, int worker)
{
    const pass_job *job = arg;
    size_t o = row % job->out, n = job->inner, i = 0;
    const int64_t *index = job->index + o * job->taps;
    const float *w = job->weight + o * job->taps, *x = job->x + row / job->out * job->in * n;
    float *y = job->y + row * n;

    (void)worker;
    if (index[0] < 0) {
        fill(y, n, job->outside);
        return;
    }
    for (; i + LANES <= n; i += LANES)
        pass_lanes(job, index, w, x + i, y + i);
    for (; i < n; i++) {
        float sum = 0;

        for (size_t t = 0; t < job->taps; t++)
            sum += w[t] * x[(size_t)index[t] * n + i];
        y[i] = sum;
    }
}

static oq_status run_pass(oq_run *ctx, const resize_state *s, const oq_resize_axis *axis, size_t outer,
                          size_t inner, const float *x, float *y)
{
    pass_job job = {
        (size_t)axis->in,      (size_t)axis->out, inner, oq_resize_n_taps(&s->rule, axis), NULL, NULL, x, y,
        s->extrapolation_value};
    size_t n;
    int64_t *index;
    float *weight;

    if (job.taps == 0 || oq_mul_overflow(job.out, job.taps, &n) || n > SIZE_MAX / 16)
        OQ_OP_FAIL(ctx, OQ_LIMIT, "a scale of %g needs too many taps", (double)axis->scale);
    index = oq_scratch(ctx, n * sizeof *index);
    weight = index ? oq_scratch(ctx, n * sizeof *weight) : NULL;
    if (!weight)
        return ctx->status;
    oq_resize_taps(&s->rule, axis, job.taps, index, weight);
    job.index = index;
    job.weight = weight;
    if (inner == 1)
        oq_pool_run(ctx->pool, outer, pass_line, &job);
    else
        oq_pool_run(ctx->pool, outer * job.out, pass_row, &job);
    return OQ_OK;
}

/* Passes from the last axis to the first; the last pass writes y. */
static oq_status run_passes(oq_run *ctx, const resize_state *s, const oq_resize_axis *axes, const float *x,
                            float *y)
{
    const oq_array *in = ctx->in[0];
    int64_t dims[OQ_MAX_RANK];
    int n_left = 0;

    memcpy(dims, in->dims, sizeof dims);
    for (int i = 0; i < in->rank; i++)
        n_left += !oq_resize_is_identity(&s->rule, &axes[i]);
    if (n_left == 0)
        memcpy(y, x, in->n * sizeof *y);
    for (int i = in->rank - 1; i >= 0; i--) {
        float *to = y;
        size_t size;

        if (oq_resize_is_identity(&s->rule, &axes[i]))
            continue;
        dims[i] = axes[i].out;
        if (--n_left > 0) {
            if (!oq_dims_count(dims, in->rank, &size) || size > SIZE_MAX / 16)
                OQ_OP_FAIL(ctx, OQ_LIMIT, "working memory does not fit in memory");
            if (!(to = oq_scratch(ctx, size * sizeof *to)))
                return ctx->status;
        }
        OQ_TRY(run_pass(ctx, s, &axes[i], oq_dims_product(dims, 0, i), oq_dims_product(dims, i + 1, in->rank),
                        x, to));
        x = to;
    }
    return OQ_OK;
}

static oq_status run_weighted(oq_run *ctx, const resize_state *s, const oq_resize_axis *axes,
                              const int64_t *dims)
{
    const oq_array *in = ctx->in[0];
    const float *x;
    float *y;

    if (!(OQ_T(in->dtype) & OQ_T_FLOATS))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "elements of type %s are resized by nearest only",
                   oq_dtype_name(in->dtype));
    x = oq_floats_in(ctx, 0);
    y = x ? oq_floats_out(ctx, 0, in->dtype, dims, in->rank) : NULL;
    if (!y)
        return ctx->status;
    if (ctx->out[0].n > 0)
        OQ_TRY(run_passes(ctx, s, axes, x, y));
    oq_floats_done(ctx, 0, y);
    return OQ_OK;
}

static void move_channels(oq_resize_axis *axes, int rank)
{
    oq_resize_axis channels = axes[1];

    for (int i = 1; i < rank - 1; i++)
        axes[i] = axes[i + 1];
    axes[rank - 1] = channels;
}

static oq_status run(oq_run *ctx)
{
    const resize_state *s = ctx->state;
    const oq_array *in = ctx->in[0];
    oq_resize_axis axes[OQ_MAX_RANK];
    int64_t dims[OQ_MAX_RANK];
    request r;

    if (in->rank < 1)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input 0 is a scalar");
    OQ_TRY(read_request(ctx, s, &r));
    oq_plain_dims_in(ctx, 0, dims);
    OQ_TRY(set_axes(s, ctx->node, dims, in->rank, &r, axes, ctx->diag));
    if (ctx->last_in & 1)
        move_channels(axes, in->rank);
    for (int i = 0; i < in->rank; i++)
        dims[i] = axes[i].out;
    return s->rule.mode == OQ_RESIZE_NEAREST ? run_nearest(ctx, s, axes, dims)
                                             : run_weighted(ctx, s, axes, dims);
}

/* ------------------------------------------------------------------ rows */

static const oq_op channels_last = {.name = "Resize",
                                    .domain = "",
                                    .since = 1,
                                    .min_in = 1,
                                    .max_in = 4,
                                    .min_out = 1,
                                    .max_out = 1,
                                    .types = OQ_T_ALL & ~OQ_T_TINY,
                                    .prepare = prepare,
                                    .run = run,
                                    .weight = -1,
                                    .bias = -1};

#define RESIZE(op, opset, least, most)                                                                \
    {                                                                                                 \
        .name = op, .domain = "", .since = opset, .min_in = least, .max_in = most, .min_out = 1,      \
        .max_out = 1, .types = OQ_T_ALL & ~OQ_T_TINY, .infer = infer, .prepare = prepare, .run = run, \
        .rule = OQ_RULE_SAME, .weight = -1, .bias = -1, .layout = OQ_LAYOUT_ROW,                      \
        .channels_last = &channels_last                                                               \
    }

/* 11 roi, sizes and the coordinate modes, 13 optional roi and scales, 18 antialias, axes and
 * keep_aspect_ratio_policy, 19 half_pixel_symmetric. SAME is meant for mode nearest: a linear result lies
 * between input codes. */
const oq_op oq_ops_resize[] = {
    RESIZE("Resize", 10, 2, 2),  RESIZE("Resize", 11, 3, 4),
    RESIZE("Resize", 13, 1, 4),  RESIZE("Resize", 18, 1, 4),
    RESIZE("Resize", 19, 1, 4),  RESIZE("Upsample", 7, 1, 1),
    RESIZE("Upsample", 9, 2, 2), {0},
};
