#include <math.h>
#include <string.h>

#include "filling.h"
#include "host.h"
#include "tap/tap.h"

enum { N = 2, C = 3, P = 11 };

static const float scale[C] = {1, -2, 0.5f}, shift[C] = {0, 1, 2}, mean[C] = {0.1f, -0.2f, 0.3f},
                   var[C] = {1, 0.25f, 4};

static host *batchnorm(const float *x, int n_out)
{
    host *h = host_new("BatchNormalization", 15, 5, n_out);

    host_floats(h, 0, x, DIMS(N, C, P));
    host_floats(h, 1, scale, DIMS(C));
    host_floats(h, 2, shift, DIMS(C));
    host_floats(h, 3, mean, DIMS(C));
    host_floats(h, 4, var, DIMS(C));
    return h;
}

static double worst_error(host *h, const float *x, const double *m, const double *v)
{
    double worst = 0;

    for (size_t i = 0; i < N * C * P; i++) {
        size_t c = i / P % C;
        double want = ((double)x[i] - m[c]) / sqrt(v[c] + 1e-5) * (double)scale[c] + (double)shift[c];

        worst = fmax(worst, fabs(want - (double)host_float(h, 0, i)));
    }
    return worst;
}

static void test_inference(void)
{
    float *x = some_floats(N * C * P, 1);
    double m[C], v[C];
    const float *p[] = {scale, shift, mean, var};

    for (int c = 0; c < C; c++) {
        m[c] = (double)mean[c];
        v[c] = (double)var[c];
    }
    for (int is_constant = 0; is_constant < 2; is_constant++) {
        host *h = batchnorm(x, 1);

        for (int i = 0; i < 4 && is_constant; i++)
            oq_value_set_constant(h->node->inputs[i + 1],
                                  oq_tensor_from_floats(h->model->arena, p[i], (int64_t[]){C}, 1));
        is_int(host_run(h), OQ_OK, "inference runs");
        ok(worst_error(h, x, m, v) < 1e-5, "equals the formula in double");
        host_free(h);
    }
    free(x);
}

static void test_training(void)
{
    float *x = some_floats(N * C * P, 1);
    host *h = batchnorm(x, 3);
    double m[C] = {0}, v[C] = {0};

    for (size_t i = 0; i < N * C * P; i++)
        m[i / P % C] += (double)x[i] / (N * P);
    for (size_t i = 0; i < N * C * P; i++)
        v[i / P % C] += ((double)x[i] - m[i / P % C]) * ((double)x[i] - m[i / P % C]) / (N * P);
    oq_node_set_int(h->node, "training_mode", 1);
    oq_node_set_float(h->node, "momentum", 0.75f);
    is_int(host_run(h), OQ_OK, "training runs");
    ok(worst_error(h, x, m, v) < 1e-5, "with the statistics of the batch");
    is_float((double)host_float(h, 1, 0), 0.75 * (double)mean[0] + 0.25 * m[0], 1e-6, "running mean");
    is_float((double)host_float(h, 2, 2), 0.75 * (double)var[2] + 0.25 * v[2], 1e-6, "running variance");
    host_free(h);
    free(x);
}

static void test_refusals(void)
{
    float *x = some_floats(N * C * P, 1);
    host *h = batchnorm(x, 2);

    is_int(host_run(h), OQ_UNSUPPORTED, "statistics without training are refused");
    ok(strstr(h->diag.message, "training") != NULL, "in words: %s", h->diag.message);
    host_free(h);
    h = batchnorm(x, 1);
    host_floats(h, 3, mean, DIMS(2));
    is_int(host_run(h), OQ_SHAPE, "a mean of another length is refused");
    ok(strstr(h->diag.message, "input 3 has 2") != NULL, "in words: %s", h->diag.message);
    host_free(h);
    free(x);
}

static void before_opset_7_the_statistics_must_be_given(void)
{
    host *h = host_new("BatchNormalization", 6, 5, 1);

    host_floats(h, 0, (float[]){3}, DIMS(1, 1));
    for (int i = 1; i < 5; i++)
        host_floats(h, i, (float[]){1}, DIMS(1));
    is_int(host_run(h), OQ_UNSUPPORTED, "without is_test a batch would be needed");
    oq_node_set_int(h->node, "is_test", 1);
    is_int(host_run(h), OQ_OK, "with is_test it runs");
    is_float((double)host_float(h, 0, 0), 3, 1e-4, "(3 - 1) / 1 + 1");
    host_free(h);
}

int main(void)
{
    before_opset_7_the_statistics_must_be_given();
    test_inference();
    test_training();
    test_refusals();
    return tap_done();
}
