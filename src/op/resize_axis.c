#include "op/resize_axis.h"

#include <math.h>

bool oq_resize_is_identity(const oq_resize_rule *rule, const oq_resize_axis *axis)
{
    return axis->in == axis->out && axis->scale == 1 && rule->coordinate != OQ_TF_CROP_AND_RESIZE;
}

static float crop(const oq_resize_axis *axis, float x, float resized)
{
    float last = (float)(axis->in - 1), from = axis->roi_begin, to = axis->roi_end;

    if (resized > 1)
        return from * last + x * (to - from) * last / (resized - 1);
    return 0.5f * (from + to) * last;
}

/* Original coordinate of output index `at`. The resized length may have a fraction: in * scale. */
static float original(const oq_resize_rule *rule, const oq_resize_axis *axis, int64_t at)
{
    float x = (float)at, in = (float)axis->in, scale = axis->scale, resized = in * scale;
    float half = (x + 0.5f) / scale - 0.5f;

    switch (rule->coordinate) {
    case OQ_HALF_PIXEL: return half;
    case OQ_HALF_PIXEL_SYMMETRIC: return in / 2 * (1 - (float)axis->out / resized) + half;
    case OQ_PYTORCH_HALF_PIXEL: return resized > 1 ? half : 0;
    case OQ_ALIGN_CORNERS: return resized == 1 ? 0 : x * (in - 1) / (resized - 1);
    case OQ_TF_HALF_PIXEL_FOR_NN: return (x + 0.5f) / scale;
    case OQ_TF_CROP_AND_RESIZE: return crop(axis, x, resized);
    default: return x / scale;
    }
}

static bool is_outside(const oq_resize_rule *rule, const oq_resize_axis *axis, float x)
{
    return rule->coordinate == OQ_TF_CROP_AND_RESIZE && !(x >= 0 && x <= (float)(axis->in - 1));
}

/* Index in 0..in-1. x may be far outside. */
static int64_t limit(float x, int64_t in)
{
    return !(x > 0) ? 0 : x >= (float)(in - 1) ? in - 1 : (int64_t)x;
}

static float round_coordinate(const oq_resize_rule *rule, const oq_resize_axis *axis, float x)
{
    switch (rule->round) {
    case OQ_ROUND_PREFER_FLOOR: return ceilf(x - 0.5f);
    case OQ_ROUND_PREFER_CEIL: return floorf(x + 0.5f);
    case OQ_ROUND_CEIL: return ceilf(x);
    case OQ_ROUND_AWAY_FROM_ONE: return axis->scale < 1 ? ceilf(x) : floorf(x);
    default: return floorf(x);
    }
}

void oq_resize_nearest(const oq_resize_rule *rule, const oq_resize_axis *axis, int64_t *index)
{
    bool is_identity = oq_resize_is_identity(rule, axis);

    for (int64_t i = 0; i < axis->out; i++) {
        float x = original(rule, axis, i);

        index[i] = is_identity                 ? i
                   : is_outside(rule, axis, x) ? -1
                                               : limit(round_coordinate(rule, axis, x), axis->in);
    }
}

/* ------------------------------------------------------------------ linear and cubic */

/* Filter at distance d, in units of input elements (of output elements when antialiasing stretches it). */
static float filter(const oq_resize_rule *rule, float d)
{
    float a = rule->cubic_a;

    d = fabsf(d);
    if (rule->mode == OQ_RESIZE_LINEAR)
        return d < 1 ? 1 - d : 0;
    if (d <= 1)
        return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/* How far the filter reaches to each side, and what a distance is multiplied by. */
static float reach(const oq_resize_rule *rule, const oq_resize_axis *axis, float *stretch)
{
    *stretch = rule->antialias && axis->scale < 1 ? axis->scale : 1;
    return (rule->mode == OQ_RESIZE_LINEAR ? 1.0f : 2.0f) / *stretch;
}

size_t oq_resize_n_taps(const oq_resize_rule *rule, const oq_resize_axis *axis)
{
    float stretch, side = ceilf(reach(rule, axis, &stretch));

    /* A filter wider than the input would have more taps than there are elements twice over: bounded by what
     * clamping can reach on both sides. */
    return side < 1e6f ? (size_t)side * 2 : 0;
}

static void taps_of(const oq_resize_rule *rule, const oq_resize_axis *axis, float x, size_t taps,
                    int64_t *index, float *weight)
{
    float stretch, sum = 0, first = floorf(x) - (float)(taps / 2) + 1;

    reach(rule, axis, &stretch);
    for (size_t t = 0; t < taps; t++) {
        float at = first + (float)t;
        bool excludes = rule->exclude_outside && (at < 0 || at > (float)(axis->in - 1));

        index[t] = limit(at, axis->in);
        weight[t] = excludes ? 0 : filter(rule, (at - x) * stretch);
        sum += weight[t];
    }
    for (size_t t = 0; t < taps; t++)
        weight[t] = sum != 0 ? weight[t] / sum : t == 0;
}

void oq_resize_taps(const oq_resize_rule *rule, const oq_resize_axis *axis, size_t taps, int64_t *index,
                    float *weight)
{
    for (int64_t i = 0; i < axis->out; i++, index += taps, weight += taps) {
        float x = original(rule, axis, i);

        if (is_outside(rule, axis, x))
            index[0] = -1;
        else
            taps_of(rule, axis, x, taps, index, weight);
    }
}
