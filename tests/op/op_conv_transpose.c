#include <math.h>
#include <stdio.h>
#include <string.h>

#include "filling.h"
#include "host.h"
#include "tap/tap.h"

/* Scatter in double: y[m][i * stride + k * dilation - pad] += x[c][i] * w[c][m][k], 2-D. */
typedef struct {
    int64_t c, h, w, mg, kh, kw, group, stride, dilation, pad, oh, ow;
} sizes;

static void scatter(const sizes *s, const float *x, const float *k, double *y)
{
    int64_t cg = s->c / s->group;

    for (int64_t c = 0; c < s->c; c++)
        for (int64_t m = 0; m < s->mg; m++)
            for (int64_t i = 0; i < s->h * s->w; i++)
                for (int64_t t = 0; t < s->kh * s->kw; t++) {
                    int64_t oy = i / s->w * s->stride + t / s->kw * s->dilation - s->pad;
                    int64_t ox = i % s->w * s->stride + t % s->kw * s->dilation - s->pad;

                    if (oy >= 0 && oy < s->oh && ox >= 0 && ox < s->ow)
                        y[((c / cg * s->mg + m) * s->oh + oy) * s->ow + ox] +=
                            (double)x[c * s->h * s->w + i] * (double)k[(c * s->mg + m) * s->kh * s->kw + t];
                }
}

static void check(const char *name, const sizes *s, bool is_constant)
{
    host *h = host_new("ConvTranspose", 13, 3, 1);
    int64_t kd[] = {s->c, s->mg, s->kh, s->kw}, m = s->mg * s->group;
    float *x = some_floats((size_t)(s->c * s->h * s->w), 1), *b = some_floats((size_t)m, 3);
    float *k = some_floats((size_t)(s->c * s->mg * s->kh * s->kw), 2);
    size_t n = (size_t)(m * s->oh * s->ow);
    double *y = calloc(n, sizeof *y), worst = 0;
    char want[64];

    oq_node_set_ints(h->node, "strides", (int64_t[]){s->stride, s->stride}, 2);
    oq_node_set_ints(h->node, "dilations", (int64_t[]){s->dilation, s->dilation}, 2);
    oq_node_set_ints(h->node, "pads", (int64_t[]){s->pad, s->pad, s->pad, s->pad}, 4);
    oq_node_set_int(h->node, "group", s->group);
    host_floats(h, 0, x, DIMS(1, s->c, s->h, s->w));
    host_floats(h, 1, k, kd, 4);
    host_floats(h, 2, b, DIMS(m));
    if (is_constant)
        oq_value_set_constant(h->node->inputs[1], oq_tensor_from_floats(h->model->arena, k, kd, 4));
    is_int(host_infer(h), OQ_OK, name);
    is_int(host_run(h), OQ_OK, "and it runs");
    snprintf(want, sizeof want, "float[1,%d,%d,%d]", (int)m, (int)s->oh, (int)s->ow);
    is_str(host_out_type(h, 0), want, "infer gives the shape of the formula");
    is_str(host_out_shape(h, 0), want, "and so does the run");
    scatter(s, x, k, y);
    for (size_t i = 0; i < n && h->out[0].n == n; i++) {
        double error = fabs(y[i] + (double)b[i / (size_t)(s->oh * s->ow)] - (double)host_float(h, 0, i));

        worst = error > worst ? error : worst;
    }
    ok(worst < 1e-5, "all outputs equal the plain sums in double (worst %g)", worst);
    free(x);
    free(k);
    free(b);
    free(y);
    host_free(h);
}

static void test_sums(void)
{
    sizes plain = {5, 4, 6, 3, 3, 3, 1, 1, 1, 0, 6, 8}, strided = {6, 7, 5, 4, 3, 2, 2, 3, 1, 1, 19, 12};
    sizes dilated = {3, 4, 4, 2, 3, 3, 1, 2, 2, 1, 9, 9},
          upsampling = {24, 20, 20, 24, 2, 2, 1, 2, 1, 0, 40, 40};

    for (int is_constant = 0; is_constant < 2; is_constant++) {
        check("3x3", &plain, is_constant);
        check("stride 3 in 2 groups", &strided, is_constant);
        check("dilation 2", &dilated, is_constant);
        check("2x2 upsampling", &upsampling, is_constant);
    }
}

static host *line(void)
{
    host *h = host_new("ConvTranspose", 13, 2, 1);

    host_floats(h, 0, (float[]){1, 2, 3}, DIMS(1, 1, 3));
    host_floats(h, 1, (float[]){1, 10, 100}, DIMS(1, 1, 3));
    oq_node_set_ints(h->node, "strides", (int64_t[]){2}, 1);
    return h;
}

/* Without any padding the line gives 1 10 102 20 203 30 300. */
static void test_sizes(void)
{
    host *h = line();

    oq_node_set_ints(h->node, "output_padding", (int64_t[]){1}, 1);
    is_int(host_run(h), OQ_OK, "output_padding");
    is_str(host_out_shape(h, 0), "float[1,1,8]", "adds to the end");
    is_float((double)host_float(h, 0, 7), 0, 0, "where nothing is");
    host_free(h);

    h = line();
    oq_node_set_ints(h->node, "output_shape", (int64_t[]){6}, 1);
    is_int(host_run(h), OQ_OK, "output_shape");
    is_str(host_out_shape(h, 0), "float[1,1,6]", "is obeyed");
    is_float((double)host_float(h, 0, 0), 10, 0, "the odd one is cut at the beginning");
    host_free(h);

    h = line();
    oq_node_set_string(h->node, "auto_pad", "SAME_UPPER");
    is_int(host_run(h), OQ_OK, "auto_pad SAME_UPPER");
    is_str(host_out_shape(h, 0), "float[1,1,6]", "gives input size times stride");
    is_float((double)host_float(h, 0, 0), 1, 0, "the odd one is cut at the end");
    host_free(h);
}

static void test_refusals(void)
{
    host *h = line();

    oq_node_set_ints(h->node, "pads", (int64_t[]){5, 5}, 2);
    is_int(host_run(h), OQ_SHAPE, "padding beyond the output is refused");
    ok(strstr(h->diag.message, "pads") != NULL, "in words: %s", h->diag.message);
    host_free(h);
}

int main(void)
{
    test_sums();
    test_sizes();
    test_refusals();
    return tap_done();
}
