#include <math.h>
#include <string.h>

#include "filling.h"
#include "host.h"
#include "tap/tap.h"

static host *softmax(const char *op, int opset, const float *x, int64_t axis)
{
    host *h = host_new(op, opset, 1, 1);

    host_floats(h, 0, x, DIMS(2, 3, 5));
    oq_node_set_int(h->node, "axis", axis);
    is_int(host_run(h), OQ_OK, op);
    is_str(host_out_shape(h, 0), "float[2,3,5]", "keeps the shape");
    return h;
}

/* Largest difference from exp(x) / sum over lines [outer][n][inner]. */
static double worst_error(host *h, const float *x, size_t outer, size_t n, size_t inner, bool is_log)
{
    double worst = 0;

    for (size_t line = 0; line < outer * inner; line++) {
        size_t base = line / inner * n * inner + line % inner;
        double sum = 0;

        for (size_t i = 0; i < n; i++)
            sum += exp((double)x[base + i * inner]);
        for (size_t i = 0; i < n; i++) {
            double want = exp((double)x[base + i * inner]) / sum,
                   got = (double)host_float(h, 0, base + i * inner);

            worst = fmax(worst, fabs((is_log ? log(want) : want) - got));
        }
    }
    return worst;
}

static void test_axes(void)
{
    float *x = some_floats(30, 1);
    static const struct {
        int64_t axis;
        size_t outer, n, inner;
    } cases[] = {{-1, 6, 5, 1}, {2, 6, 5, 1}, {1, 2, 3, 5}, {0, 1, 2, 15}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        host *h = softmax("Softmax", 13, x, cases[i].axis), *l = softmax("LogSoftmax", 13, x, cases[i].axis);

        ok(worst_error(h, x, cases[i].outer, cases[i].n, cases[i].inner, false) < 1e-6, "along axis %d",
           (int)cases[i].axis);
        ok(worst_error(l, x, cases[i].outer, cases[i].n, cases[i].inner, true) < 1e-6, "its logarithm");
        host_free(h);
        host_free(l);
    }
    free(x);
}

static void test_matrix_of_old_opsets(void)
{
    float *x = some_floats(30, 1);
    host *h = softmax("Softmax", 11, x, 1);

    ok(worst_error(h, x, 2, 15, 1, false) < 1e-6, "before opset 13 the axes from `axis` on are one row");
    host_free(h);
    h = host_new("Softmax", 9, 1, 1);
    host_floats(h, 0, x, DIMS(2, 3, 5));
    is_int(host_run(h), OQ_OK, "without axis");
    ok(worst_error(h, x, 2, 15, 1, false) < 1e-6, "the default is 1");
    host_free(h);
    free(x);
}

static void test_hardmax(void)
{
    host *h = host_new("Hardmax", 13, 1, 1);

    host_floats(h, 0, (float[]){1, 3, 3, 0}, DIMS(2, 2));
    is_int(host_run(h), OQ_OK, "Hardmax");
    is_mem(h->out[0].data, ((float[]){0, 1, 1, 0}), 16, "marks the largest of each row");
    host_floats(h, 0, (float[]){3, 3}, DIMS(1, 2));
    is_int(host_run(h), OQ_OK, "equal values");
    is_mem(h->out[0].data, ((float[]){1, 0}), 8, "the first wins");
    host_free(h);
}

static void test_large_values(void)
{
    host *h = host_new("Softmax", 13, 1, 1);

    host_floats(h, 0, (float[]){1000, 1000, -1000}, DIMS(1, 3));
    is_int(host_run(h), OQ_OK, "large values");
    is_float((double)host_float(h, 0, 0), 0.5, 1e-6, "do not overflow");
    oq_node_set_int(h->node, "axis", 2);
    is_int(host_run(h), OQ_SHAPE, "an axis outside is refused");
    ok(strstr(h->diag.message, "axis 2") != NULL, "in words: %s", h->diag.message);
    host_free(h);
}

int main(void)
{
    test_axes();
    test_matrix_of_old_opsets();
    test_hardmax();
    test_large_values();
    return tap_done();
}
