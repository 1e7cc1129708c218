#include <math.h>
#include <stdio.h>
#include <string.h>

#include "filling.h"
#include "host.h"
#include "tap/tap.h"

typedef struct {
    const char *name;
    int64_t h, w, kh, kw, stride, dilation, pad, ceil;
} shape;

/* Plain 2-D pooling of one output. count: taps inside. */
static void window_of(const shape *s, const float *x, int64_t oy, int64_t ox, double *max, double *sum,
                      double *squares, int *count)
{
    *max = -INFINITY;
    *sum = *squares = 0;
    *count = 0;
    for (int64_t t = 0; t < s->kh * s->kw; t++) {
        int64_t y = oy * s->stride + t / s->kw * s->dilation - s->pad;
        int64_t z = ox * s->stride + t % s->kw * s->dilation - s->pad;
        double v;

        if (y < 0 || y >= s->h || z < 0 || z >= s->w)
            continue;
        v = (double)x[y * s->w + z];
        *max = v > *max ? v : *max;
        *sum += v;
        *squares += v * v;
        ++*count;
    }
}

static host *pool(const char *op, const shape *s, const float *x)
{
    host *h = host_new(op, 19, 1, 1);

    host_floats(h, 0, x, DIMS(2, 1, s->h, s->w));
    oq_node_set_ints(h->node, "kernel_shape", (int64_t[]){s->kh, s->kw}, 2);
    oq_node_set_ints(h->node, "strides", (int64_t[]){s->stride, s->stride}, 2);
    oq_node_set_ints(h->node, "dilations", (int64_t[]){s->dilation, s->dilation}, 2);
    oq_node_set_ints(h->node, "pads", (int64_t[]){s->pad, s->pad, s->pad, s->pad}, 4);
    oq_node_set_int(h->node, "ceil_mode", s->ceil);
    is_int(host_infer(h), OQ_OK, op);
    is_int(host_run(h), OQ_OK, s->name);
    is_str(host_out_type(h, 0), host_out_shape(h, 0), "infer and run agree on the shape");
    return h;
}

static void test_windows(void)
{
    static const shape shapes[] = {
        {"3x3 stride 2", 9, 11, 3, 3, 2, 1, 0, 0},
        {"2x3 padded", 8, 7, 2, 3, 1, 1, 1, 0},
        {"dilation 2", 13, 9, 3, 2, 1, 2, 1, 0},
        {"rounded up", 8, 10, 3, 3, 2, 1, 0, 1},
        {"rounded up with padding", 6, 5, 3, 3, 3, 1, 1, 1},
    };

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const shape *s = &shapes[i];
        float *x = some_floats((size_t)(2 * s->h * s->w), i + 1);
        host *a = pool("MaxPool", s, x), *b = pool("AveragePool", s, x), *c = pool("LpPool", s, x);
        int64_t oh = a->out[0].dims[2], ow = a->out[0].dims[3];
        double worst[3] = {0};

        for (int64_t o = 0; o < 2 * oh * ow; o++) {
            double max, sum, squares;
            int count;

            window_of(s, x + o / (oh * ow) * s->h * s->w, o / ow % oh, o % ow, &max, &sum, &squares, &count);
            worst[0] = fmax(worst[0], fabs(max - (double)host_float(a, 0, (size_t)o)));
            worst[1] = fmax(worst[1], fabs(sum / count - (double)host_float(b, 0, (size_t)o)));
            worst[2] = fmax(worst[2], fabs(sqrt(squares) - (double)host_float(c, 0, (size_t)o)));
        }
        ok(worst[0] == 0, "maxima are exact");
        ok(worst[1] < 1e-6, "averages equal the plain sums in double");
        ok(worst[2] < 1e-6, "norms equal the plain sums in double");
        host_free(a);
        host_free(b);
        host_free(c);
        free(x);
    }
}

static host *line(const char *op, int n_out)
{
    host *h = host_new(op, 12, 1, n_out);

    host_floats(h, 0, (float[]){1, 5, 2, 5, 3, 4}, DIMS(1, 1, 2, 3));
    oq_node_set_ints(h->node, "kernel_shape", (int64_t[]){2, 2}, 2);
    return h;
}

static void test_indices(void)
{
    host *h = line("MaxPool", 2);

    is_int(host_run(h), OQ_OK, "with Indices");
    is_str(host_out_shape(h, 1), "int64[1,1,1,2]", "shape of Indices");
    is_int(host_int(h, 1, 0), 1, "the first of equal values");
    oq_node_set_int(h->node, "storage_order", 1);
    is_int(host_run(h), OQ_OK, "in column-major order");
    is_int(host_int(h, 1, 0), 2, "the same place by its other name");
    host_free(h);
}

static void test_bytes(void)
{
    host *h = line("MaxPool", 1);

    host_array(h, 0, OQ_INT8, (int8_t[]){-128, -3, -128, -5}, DIMS(1, 1, 2, 2));
    is_int(host_run(h), OQ_OK, "int8");
    is_int(host_int(h, 0, 0), -3, "signed");
    host_array(h, 0, OQ_UINT8, (uint8_t[]){128, 3, 200, 5}, DIMS(1, 1, 2, 2));
    is_int(host_run(h), OQ_OK, "uint8");
    is_int(host_int(h, 0, 0), 200, "unsigned");
    host_free(h);
}

static void test_counts(void)
{
    host *h = line("AveragePool", 1);

    oq_node_set_ints(h->node, "pads", (int64_t[]){1, 1, 0, 0}, 4);
    is_int(host_run(h), OQ_OK, "padding is left out of the count");
    is_float((double)host_float(h, 0, 0), 1, 0, "1 / 1");
    oq_node_set_int(h->node, "count_include_pad", 1);
    is_int(host_run(h), OQ_OK, "count_include_pad");
    is_float((double)host_float(h, 0, 0), 0.25, 0, "1 / 4");
    oq_node_set_ints(h->node, "pads", (int64_t[]){0, 0, 0, 0}, 4);
    oq_node_set_ints(h->node, "strides", (int64_t[]){1, 2}, 2);
    oq_node_set_int(h->node, "ceil_mode", 1);
    is_int(host_run(h), OQ_OK, "ceil_mode");
    is_float((double)host_float(h, 0, 1), 3, 0, "what hangs over the end is no padding: (2 + 4) / 2");
    host_free(h);
}

static void test_refusals(void)
{
    host *h = host_new("MaxPool", 12, 1, 1);

    host_floats(h, 0, (float[]){1, 2}, DIMS(1, 1, 2));
    is_int(host_run(h), OQ_SHAPE, "no kernel_shape");
    ok(strstr(h->diag.message, "kernel_shape") != NULL, "in words: %s", h->diag.message);
    host_free(h);
}

int main(void)
{
    test_windows();
    test_indices();
    test_bytes();
    test_counts();
    test_refusals();
    return tap_done();
}
