#include "op/resize_axis.h"

#include <math.h>

#include "tap/tap.h"

static void test_nearest(void)
{
    oq_resize_rule rule = {.mode = OQ_RESIZE_NEAREST, .coordinate = OQ_ASYMMETRIC, .round = OQ_ROUND_FLOOR};
    oq_resize_axis axis = {.in = 6, .out = 8, .scale = 8.0f / 6, .roi_end = 1};
    int64_t index[8];

    oq_resize_nearest(&rule, &axis, index);
    is_mem(index, ((int64_t[]){0, 0, 1, 2, 3, 3, 4, 5}), sizeof index, "x / scale, rounded down in float32");
    rule.coordinate = OQ_HALF_PIXEL;
    rule.round = OQ_ROUND_PREFER_FLOOR;
    axis = (oq_resize_axis){.in = 2, .out = 4, .scale = 2, .roi_end = 1};
    oq_resize_nearest(&rule, &axis, index);
    is_mem(index, ((int64_t[]){0, 0, 1, 1}), 32, "half_pixel");
    rule.coordinate = OQ_ALIGN_CORNERS;
    axis = (oq_resize_axis){.in = 3, .out = 5, .scale = 5.0f / 3, .roi_end = 1};
    oq_resize_nearest(&rule, &axis, index);
    is_mem(index, ((int64_t[]){0, 0, 1, 1, 2}), 40, "align_corners: halves go down");
    rule.round = OQ_ROUND_PREFER_CEIL;
    oq_resize_nearest(&rule, &axis, index);
    is_mem(index, ((int64_t[]){0, 1, 1, 2, 2}), 40, "or up");
    rule.coordinate = OQ_TF_CROP_AND_RESIZE;
    axis.roi_begin = -0.5f;
    oq_resize_nearest(&rule, &axis, index);
    is_int(index[0], -1, "left of the image is outside");
    is_int(index[4], 2, "its right end inside");
}

static void check_sums(const char *name, const oq_resize_rule *rule, const oq_resize_axis *axis)
{
    size_t taps = oq_resize_n_taps(rule, axis);
    int64_t index[400];
    float weight[400];
    double worst = 0;

    oq_resize_taps(rule, axis, taps, index, weight);
    for (int64_t o = 0; o < axis->out; o++) {
        double sum = 0;

        for (size_t t = 0; t < taps; t++) {
            sum += (double)weight[(size_t)o * taps + t];
            if (index[(size_t)o * taps + t] < 0 || index[(size_t)o * taps + t] >= axis->in)
                ok(false, "%s: tap outside", name);
        }
        worst = fmax(worst, fabs(sum - 1));
    }
    ok(worst < 1e-6, "%s: weights of each output sum to 1", name);
}

static void test_taps(void)
{
    oq_resize_rule rule = {.mode = OQ_RESIZE_LINEAR, .coordinate = OQ_HALF_PIXEL, .cubic_a = -0.75f};
    oq_resize_axis up = {.in = 3, .out = 6, .scale = 2, .roi_end = 1},
                   down = {.in = 9, .out = 4, .scale = 4.0f / 9, .roi_end = 1};
    int64_t index[12];
    float weight[12];

    is_int(oq_resize_n_taps(&rule, &up), 2, "linear has two taps");
    oq_resize_taps(&rule, &up, 2, index, weight);
    is_float((double)weight[2], 0.75, 1e-6, "output 1 lies at 0.25: three quarters");
    is_float((double)weight[3], 0.25, 1e-6, "and one quarter");
    is_int(index[0], 0, "output 0 lies at -0.25: the edge is repeated");
    check_sums("linear up", &rule, &up);
    rule.antialias = true;
    is_int(oq_resize_n_taps(&rule, &down), 6, "antialias widens the filter by 1 / scale");
    check_sums("antialiased linear", &rule, &down);
    rule.mode = OQ_RESIZE_CUBIC;
    check_sums("antialiased cubic", &rule, &down);
    rule.antialias = false;
    rule.exclude_outside = true;
    is_int(oq_resize_n_taps(&rule, &down), 4, "cubic has four taps");
    check_sums("cubic without the outside", &rule, &down);
    check_sums("cubic up without the outside", &rule, &up);
}

static void test_identity(void)
{
    oq_resize_rule rule = {.coordinate = OQ_HALF_PIXEL};
    oq_resize_axis axis = {.in = 3, .out = 3, .scale = 1, .roi_end = 1};

    ok(oq_resize_is_identity(&rule, &axis), "same size at scale 1 passes through");
    rule.coordinate = OQ_TF_CROP_AND_RESIZE;
    ok(!oq_resize_is_identity(&rule, &axis), "a crop may not");
}

int main(void)
{
    test_nearest();
    test_taps();
    test_identity();
    return tap_done();
}
