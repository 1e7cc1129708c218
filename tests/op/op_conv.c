#include <math.h>
#include <stdio.h>
#include <string.h>

#include "filling.h"
#include "host.h"
#include "tap/tap.h"

/* One 2-D convolution (H = 1 for 1-D): sizes and attributes. */
typedef struct {
    const char *name;
    int64_t n, c, h, w, m, kh, kw, group, stride, dilation, pad_top, pad_left, pad_bottom, pad_right;
} shape;

static double tap_of(const shape *s, const float *x, const float *k, int64_t n, int64_t m, int64_t oy,
                     int64_t ox)
{
    int64_t cg = s->c / s->group, g = m / (s->m / s->group);
    double sum = 0;

    for (int64_t c = 0; c < cg; c++)
        for (int64_t ky = 0; ky < s->kh; ky++)
            for (int64_t kx = 0; kx < s->kw; kx++) {
                int64_t y = oy * s->stride + ky * s->dilation - s->pad_top;
                int64_t z = ox * s->stride + kx * s->dilation - s->pad_left;

                if (y >= 0 && y < s->h && z >= 0 && z < s->w)
                    sum += (double)x[((n * s->c + g * cg + c) * s->h + y) * s->w + z] *
                           (double)k[((m * cg + c) * s->kh + ky) * s->kw + kx];
            }
    return sum;
}

static int64_t out_size(int64_t in, int64_t pads, int64_t kernel, int64_t dilation, int64_t stride)
{
    return (in + pads - dilation * (kernel - 1) - 1) / stride + 1;
}

static void set_attributes(host *h, const shape *s)
{
    oq_node_set_ints(h->node, "strides", (int64_t[]){s->stride, s->stride}, 2);
    oq_node_set_ints(h->node, "dilations", (int64_t[]){s->dilation, s->dilation}, 2);
    oq_node_set_ints(h->node, "pads", (int64_t[]){s->pad_top, s->pad_left, s->pad_bottom, s->pad_right}, 4);
    oq_node_set_int(h->node, "group", s->group);
}

static double worst_error(host *h, const shape *s, const float *x, const float *k, const float *b)
{
    int64_t oh = h->out[0].dims[2], ow = h->out[0].dims[3];
    double worst = 0;

    for (int64_t n = 0; n < s->n; n++)
        for (int64_t m = 0; m < s->m; m++)
            for (int64_t y = 0; y < oh; y++)
                for (int64_t z = 0; z < ow; z++) {
                    size_t at = (size_t)(((n * s->m + m) * oh + y) * ow + z);
                    double error =
                        fabs(tap_of(s, x, k, n, m, y, z) + (double)b[m] - (double)host_float(h, 0, at));

                    worst = error > worst ? error : worst;
                }
    return worst;
}

static void check(const shape *s, bool is_constant)
{
    host *h = host_new("Conv", 13, 3, 1);
    int64_t kd[] = {s->m, s->c / s->group, s->kh, s->kw};
    float *x = some_floats((size_t)(s->n * s->c * s->h * s->w), 1);
    float *k = some_floats((size_t)(kd[0] * kd[1] * kd[2] * kd[3]), 2), *b = some_floats((size_t)s->m, 3);
    char want[64];

    set_attributes(h, s);
    host_floats(h, 0, x, DIMS(s->n, s->c, s->h, s->w));
    host_floats(h, 1, k, kd, 4);
    host_floats(h, 2, b, DIMS(s->m));
    if (is_constant) {
        oq_value_set_constant(h->node->inputs[1], oq_tensor_from_floats(h->model->arena, k, kd, 4));
        oq_value_set_constant(h->node->inputs[2], oq_tensor_from_floats(h->model->arena, b, &s->m, 1));
    }
    is_int(host_infer(h), OQ_OK, s->name);
    is_int(host_run(h), OQ_OK, "and it runs");
    snprintf(want, sizeof want, "float[%d,%d,%d,%d]", (int)s->n, (int)s->m,
             (int)out_size(s->h, s->pad_top + s->pad_bottom, s->kh, s->dilation, s->stride),
             (int)out_size(s->w, s->pad_left + s->pad_right, s->kw, s->dilation, s->stride));
    is_str(host_out_type(h, 0), want, "infer gives the shape of the formula");
    is_str(host_out_shape(h, 0), want, "and so does the run");
    ok(worst_error(h, s, x, k, b) < 1e-5, "all outputs equal the plain sums in double");
    free(x);
    free(k);
    free(b);
    host_free(h);
}

static void test_sums(void)
{
    static const shape shapes[] = {
        {"3x3 with padding", 2, 5, 9, 7, 6, 3, 3, 1, 1, 1, 1, 1, 1, 1},
        {"stride 2, uneven padding", 1, 3, 11, 10, 17, 3, 3, 1, 2, 1, 0, 1, 1, 0},
        {"dilation 2", 1, 4, 13, 12, 5, 3, 2, 1, 1, 2, 2, 0, 2, 1},
        {"pointwise", 3, 33, 5, 5, 19, 1, 1, 1, 1, 1, 0, 0, 0, 0},
        {"depthwise", 1, 21, 8, 9, 21, 3, 3, 21, 1, 1, 1, 1, 1, 1},
        {"depthwise with a multiplier of 2", 1, 6, 8, 9, 12, 3, 3, 6, 2, 1, 1, 1, 1, 1},
        {"3 groups", 2, 9, 6, 6, 12, 3, 3, 3, 1, 1, 1, 1, 1, 1},
    };

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        check(&shapes[i], true);
        check(&shapes[i], false);
    }
}

static const char *size_with(const char *auto_pad, int64_t stride)
{
    host *h = host_new("Conv", 13, 2, 1);
    static char text[64];

    oq_node_set_string(h->node, "auto_pad", auto_pad);
    oq_node_set_ints(h->node, "strides", (int64_t[]){stride}, 1);
    host_floats(h, 0, (float[]){1, 2, 3, 4, 5, 6}, DIMS(1, 1, 6));
    host_floats(h, 1, (float[]){1, 10, 100, 1000}, DIMS(1, 1, 4));
    is_int(host_run(h), OQ_OK, auto_pad);
    snprintf(text, sizeof text, "%s %g", host_out_shape(h, 0), (double)host_float(h, 0, 0));
    host_free(h);
    return text;
}

static void test_auto_pad(void)
{
    is_str(size_with("SAME_UPPER", 1), "float[1,1,6] 3210", "the odd one at the end");
    is_str(size_with("SAME_LOWER", 1), "float[1,1,6] 2100", "the odd one at the beginning");
    is_str(size_with("SAME_UPPER", 4), "float[1,1,2] 3210", "sizes are rounded up");
    is_str(size_with("VALID", 2), "float[1,1,2] 4321", "no padding");
}

static void test_infer_symbols(void)
{
    host *h = host_new("Conv", 13, 2, 1);

    host_type(h, 0, OQ_FLOAT, DIMS(-1, 3, -1, 8));
    host_symbol(h, 0, 0, "N");
    host_symbol(h, 0, 2, "H");
    host_type(h, 1, OQ_FLOAT, DIMS(7, 3, 3, 3));
    oq_node_set_ints(h->node, "pads", (int64_t[]){1, 1, 1, 1}, 4);
    is_int(host_infer(h), OQ_OK, "unknown sizes are no fault");
    is_str(host_out_type(h, 0), "float[N,7,H,8]", "a size that the window keeps stays its symbol");
    host_free(h);
}

static void test_refusals(void)
{
    host *h = host_new("Conv", 13, 2, 1);
    float *x = some_floats(3 * 25, 1);

    host_floats(h, 0, x, DIMS(1, 3, 5, 5));
    host_floats(h, 1, x, DIMS(2, 2, 3, 3));
    is_int(host_run(h), OQ_SHAPE, "channels that do not fit are refused");
    ok(strstr(h->diag.message, "3 channels") != NULL, "in words: %s", h->diag.message);
    oq_diag_clear(&h->diag);
    host_floats(h, 1, x, DIMS(1, 3, 5, 5));
    oq_node_set_ints(h->node, "dilations", (int64_t[]){2, 2}, 2);
    is_int(host_run(h), OQ_SHAPE, "a kernel larger than the image is refused");
    ok(strstr(h->diag.message, "does not fit") != NULL, "in words: %s", h->diag.message);
    oq_diag_clear(&h->diag);
    oq_node_set_ints(h->node, "strides", (int64_t[]){0, 1}, 2);
    is_int(host_run(h), OQ_SHAPE, "a stride of 0 is refused");
    ok(strstr(h->diag.message, "strides") != NULL, "in words: %s", h->diag.message);
    free(x);
    host_free(h);
}

int main(void)
{
    test_sums();
    test_auto_pad();
    test_infer_symbols();
    test_refusals();
    return tap_done();
}
