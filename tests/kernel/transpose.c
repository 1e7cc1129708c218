#include "kernel/transpose.h"

#include "kernel_test.h"

static bool is_transposed(size_t size, size_t rows, size_t columns, size_t from_stride, size_t to_stride)
{
    unsigned char *from = test_alloc(rows * from_stride * size + 1),
                  *to = test_alloc(columns * to_stride * size + 1);
    bool good = true;

    for (size_t i = 0; i < rows * from_stride * size; i++)
        from[i + 1] = (unsigned char)(i * 7 + i / 251);
    oq_transpose(size, rows, columns, from + 1, from_stride, to + 1, to_stride);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            good &= memcmp(from + 1 + (i * from_stride + j) * size, to + 1 + (j * to_stride + i) * size,
                           size) == 0;
    for (size_t j = 0; j < columns; j++)
        for (size_t i = rows * size; i < to_stride * size; i++)
            good &= to[1 + j * to_stride * size + i] == 0xff;
    free(from), free(to);
    return good;
}

static void sweep(size_t size)
{
    static const size_t sides[] = {1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 33, 64, 100};
    int n_bad = 0;

    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        for (size_t j = 0; j < sizeof sides / sizeof *sides; j++) {
            n_bad += !is_transposed(size, sides[i], sides[j], sides[j], sides[i]);
            n_bad += !is_transposed(size, sides[i], sides[j], sides[j] + 3, sides[i] + 5);
        }
    ok(n_bad == 0,
       "matrices of %zu byte elements at odd addresses, with strides; nothing beside them is written", size);
}

static void batch_on_threads(void)
{
    enum { N = 3, ROWS = 301, COLUMNS = 150 };
    oq_pool *pool = oq_pool_new(4);
    oq_rng rng = {3};
    float *x = test_floats(&rng, N * ROWS * COLUMNS, 1), *y = test_alloc(N * ROWS * COLUMNS * sizeof *y);
    float *z = test_alloc(N * ROWS * COLUMNS * sizeof *z);

    oq_transpose_batch(pool, sizeof(float), N, ROWS, COLUMNS, x, y);
    is_float(y[COLUMNS * ROWS + 2 * ROWS + 5], x[COLUMNS * ROWS + 5 * COLUMNS + 2], 0,
             "element (5, 2) becomes (2, 5)");
    oq_transpose_batch(pool, sizeof(float), N, COLUMNS, ROWS, y, z);
    is_mem(z, x, N * ROWS * COLUMNS * sizeof *x, "twice is the identity");
    free(x), free(y), free(z);
    oq_pool_free(pool);
}

int main(void)
{
    sweep(1);
    sweep(2);
    sweep(4);
    sweep(8);
    batch_on_threads();
    return tap_done();
}
