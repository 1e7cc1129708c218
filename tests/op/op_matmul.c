#include <math.h>
#include <stdio.h>
#include <string.h>

#include "filling.h"
#include "host.h"
#include "tap/tap.h"

static double worst_matmul(host *h, const float *a, const float *b, size_t m, size_t k, size_t n, size_t at)
{
    double worst = 0;

    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = 0, error;

            for (size_t t = 0; t < k; t++)
                sum += (double)a[i * k + t] * (double)b[t * n + j];
            error = fabs(sum - (double)host_float(h, 0, at + i * n + j));
            worst = error > worst ? error : worst;
        }
    return worst;
}

static void test_matrices(void)
{
    float *a = some_floats(13 * 37, 1), *b = some_floats(37 * 19, 2);

    for (int is_constant = 0; is_constant < 2; is_constant++) {
        host *h = host_new("MatMul", 13, 2, 1);

        host_floats(h, 0, a, DIMS(13, 37));
        host_floats(h, 1, b, DIMS(37, 19));
        if (is_constant)
            oq_value_set_constant(h->node->inputs[1],
                                  oq_tensor_from_floats(h->model->arena, b, (int64_t[]){37, 19}, 2));
        is_int(host_infer(h), OQ_OK, "a product is inferred");
        is_str(host_out_type(h, 0), "float[13,19]", "rows of A, columns of B");
        is_int(host_run(h), OQ_OK, "a product runs");
        ok(worst_matmul(h, a, b, 13, 37, 19, 0) < 1e-5, "equals the plain sums in double");
        host_free(h);
    }
    free(a);
    free(b);
}

static void test_batches(void)
{
    float *a = some_floats(2 * 3 * 4 * 5, 1), *b = some_floats(3 * 5 * 6, 2);
    host *h = host_new("MatMul", 13, 2, 1);

    host_floats(h, 0, a, DIMS(2, 3, 4, 5));
    host_floats(h, 1, b, DIMS(3, 5, 6));
    is_int(host_infer(h), OQ_OK, "batches broadcast");
    is_str(host_out_type(h, 0), "float[2,3,4,6]", "as NumPy says");
    is_int(host_run(h), OQ_OK, "and run");
    for (size_t i = 0; i < 6; i++)
        ok(worst_matmul(h, a + i * 20, b + i % 3 * 30, 4, 5, 6, i * 24) < 1e-5, "batch %zu", i);
    host_floats(h, 0, a, DIMS(2, 1, 4, 5));
    is_int(host_run(h), OQ_OK, "a batch of 1 is repeated");
    is_str(host_out_shape(h, 0), "float[2,3,4,6]", "shape");
    for (size_t i = 0; i < 6; i++)
        ok(worst_matmul(h, a + i / 3 * 20, b + i % 3 * 30, 4, 5, 6, i * 24) < 1e-5, "batch %zu", i);
    free(a);
    free(b);
    host_free(h);
}

static void test_vectors(void)
{
    host *h = host_new("MatMul", 13, 2, 1);

    host_floats(h, 0, (float[]){1, 2}, DIMS(2));
    host_floats(h, 1, (float[]){10, 20, 30, 40}, DIMS(2, 2));
    is_int(host_infer(h), OQ_OK, "vector times matrix");
    is_str(host_out_type(h, 0), "float[2]", "is a vector");
    is_int(host_run(h), OQ_OK, "runs");
    is_float((double)host_float(h, 0, 1), 100, 0, "20 + 2 * 40");
    host_floats(h, 1, (float[]){10, 20}, DIMS(2));
    is_int(host_run(h), OQ_OK, "vector times vector");
    is_str(host_out_shape(h, 0), "float[]", "is a scalar");
    is_float((double)host_float(h, 0, 0), 50, 0, "10 + 2 * 20");
    host_floats(h, 1, (float[]){10, 20, 1}, DIMS(3));
    is_int(host_infer(h), OQ_SHAPE, "inner dimensions that differ are refused by infer");
    is_int(host_run(h), OQ_SHAPE, "and by run");
    host_free(h);
}

static void test_other_types(void)
{
    host *h = host_new("MatMul", 13, 2, 1);
    double d[] = {1 + 0x1p-40, 1};

    host_array(h, 0, OQ_INT32, (int32_t[]){INT32_MAX, 1}, DIMS(1, 2));
    host_array(h, 1, OQ_INT32, (int32_t[]){1, 1}, DIMS(2, 1));
    is_int(host_run(h), OQ_OK, "int32 runs");
    is_int(host_int(h, 0, 0), INT32_MIN, "and wraps around");
    host_array(h, 0, OQ_DOUBLE, d, DIMS(1, 2));
    host_array(h, 1, OQ_DOUBLE, d + 1, DIMS(1, 1));
    is_int(host_run(h), OQ_SHAPE, "double is checked too");
    host_array(h, 0, OQ_DOUBLE, d, DIMS(1, 1));
    is_int(host_run(h), OQ_OK, "double runs");
    ok(((double *)h->out[0].data)[0] > 1, "and keeps its precision");
    host_floats(h, 1, (float[]){1}, DIMS(1, 1));
    is_int(host_run(h), OQ_SHAPE, "operands of different types are refused");
    host_free(h);
}

static void check_gemm(const char *name, int64_t ta, int64_t tb, float alpha, float beta,
                       const int64_t *c_dims, int c_rank)
{
    enum { M = 7, K = 5, N = 18 };
    float *a = some_floats(M * K, 1), *b = some_floats(K * N, 2), *c = some_floats(M * N, 3);
    host *h = host_new("Gemm", 13, 3, 1);
    double worst = 0;

    oq_node_set_int(h->node, "transA", ta);
    oq_node_set_int(h->node, "transB", tb);
    oq_node_set_float(h->node, "alpha", alpha);
    oq_node_set_float(h->node, "beta", beta);
    host_floats(h, 0, a, ta ? (int64_t[]){K, M} : (int64_t[]){M, K}, 2);
    host_floats(h, 1, b, tb ? (int64_t[]){N, K} : (int64_t[]){K, N}, 2);
    host_floats(h, 2, c, c_dims, c_rank);
    is_int(host_infer(h), OQ_OK, name);
    is_str(host_out_type(h, 0), "float[7,18]", "shape");
    is_int(host_run(h), OQ_OK, "runs");
    for (size_t i = 0; i < M * N; i++) {
        size_t y = i / N, x = i % N, rows = c_rank > 1 ? (size_t)c_dims[c_rank - 2] : 1;
        size_t columns = c_rank > 0 ? (size_t)c_dims[c_rank - 1] : 1;
        double sum = 0, error;

        for (size_t k = 0; k < K; k++)
            sum += (double)a[ta ? k * M + y : y * K + k] * (double)b[tb ? x * K + k : k * N + x];
        sum = (double)alpha * sum + (double)beta * (double)c[y % rows * columns + x % columns];
        error = fabs(sum - (double)host_float(h, 0, i));
        worst = error > worst ? error : worst;
    }
    ok(worst < 1e-5, "equals the formula in double (worst %g)", worst);
    free(a);
    free(b);
    free(c);
    host_free(h);
}

static void test_gemm(void)
{
    check_gemm("plain, C a row", 0, 0, 1, 1, DIMS(18));
    check_gemm("B transposed, C a matrix", 0, 1, 1, 1, DIMS(7, 18));
    check_gemm("A transposed, C a column", 1, 0, 1, 0.5f, DIMS(7, 1));
    check_gemm("both transposed, C a scalar", 1, 1, 0.25f, 2, SCALAR);
    check_gemm("alpha, C of one row", 0, 1, -1.5f, 1, DIMS(1, 18));
}

static void test_gemm_refusals(void)
{
    host *h = host_new("Gemm", 13, 3, 1);

    host_floats(h, 0, (float[]){1, 2}, DIMS(1, 2));
    host_floats(h, 1, (float[]){1, 2, 3, 4}, DIMS(2, 2));
    host_floats(h, 2, (float[]){1, 2, 3}, DIMS(3));
    is_int(host_run(h), OQ_SHAPE, "a C that does not broadcast is refused");
    ok(strstr(h->diag.message, "[1,2]") != NULL, "in words: %s", h->diag.message);
    host_floats(h, 0, (float[]){1, 2}, DIMS(2));
    oq_diag_clear(&h->diag);
    is_int(host_run(h), OQ_SHAPE, "a vector is refused");
    host_free(h);
}

int main(void)
{
    test_matrices();
    test_batches();
    test_vectors();
    test_other_types();
    test_gemm();
    test_gemm_refusals();
    return tap_done();
}
