#include "op/op_strided.h"

#include <string.h>

#include "tap/tap.h"

static void transposes_every_size(void)
{
    static const size_t sizes[] = {1, 2, 4, 8, 16};
    enum { ROWS = 37, COLUMNS = 21 };
    static unsigned char from[ROWS * COLUMNS * 16], to[ROWS * COLUMNS * 16];

    for (size_t i = 0; i < sizeof from; i++)
        from[i] = (unsigned char)(i * 7 + i / 251);
    for (size_t s = 0; s < 5; s++) {
        size_t size = sizes[s];
        oq_strided block = {.rank = 0};
        int wrong = 0;

        oq_strided_add(&block, COLUMNS, ROWS, 1);
        oq_strided_add(&block, ROWS, 1, COLUMNS);
        oq_strided_copy(&block, to, from, size, NULL);
        for (size_t r = 0; r < ROWS; r++) {
            for (size_t c = 0; c < COLUMNS; c++)
                wrong += memcmp(to + (c * ROWS + r) * size, from + (r * COLUMNS + c) * size, size) != 0;
        }
        is_int(wrong, 0, "a 37 x 21 matrix is transposed, tiles and rests");
    }
}

static void goes_backwards_and_repeats(void)
{
    const int32_t from[] = {1, 2, 3, 4, 5, 6};
    int32_t to[12] = {0};
    oq_strided block = {.rank = 0};

    oq_strided_add(&block, 2, 3, -3); /* rows from the last */
    oq_strided_add(&block, 3, 1, 1);
    oq_strided_copy(&block, to, from + 3, 4, NULL);
    is_mem(to, ((int32_t[]){4, 5, 6, 1, 2, 3}), 24, "a negative step goes backwards");
    block.rank = 0;
    oq_strided_add(&block, 2, 6, 0);
    oq_strided_add(&block, 6, 1, 1);
    oq_strided_copy(&block, to, from, 4, NULL);
    is_mem(to, ((int32_t[]){1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6}), 48, "a step of 0 repeats");
    block.rank = 0;
    oq_strided_add(&block, 3, 2, -1); /* columns of a transposed matrix, backwards */
    oq_strided_add(&block, 2, 1, 3);
    oq_strided_copy(&block, to, from + 2, 4, NULL);
    is_mem(to, ((int32_t[]){3, 6, 2, 5, 1, 4}), 24, "a flipped transposition");
}

static void copies_nothing_of_nothing(void)
{
    int32_t to[1] = {7};
    oq_strided block = {.rank = 0};

    oq_strided_add(&block, 4, 1, 1);
    oq_strided_add(&block, 0, 1, 1);
    oq_strided_copy(&block, to, NULL, 4, NULL);
    is_int(to[0], 7, "an empty dimension copies nothing");
    block.rank = 0;
    oq_strided_copy(&block, to, &(int32_t){9}, 4, NULL);
    is_int(to[0], 9, "no dimension at all is one element");
}

static void is_the_same_with_threads(void)
{
    enum { N = 64, C = 96, P = 81 };
    static float from[N * C * P], serial[N * C * P], parallel[N * C * P];
    oq_strided block = {.rank = 0};
    oq_pool *pool = oq_pool_new(2);

    for (size_t i = 0; i < N * C * P; i++)
        from[i] = (float)i;
    oq_strided_add(&block, N, C * P, C * P);
    oq_strided_add(&block, P, C, 1);
    oq_strided_add(&block, C, 1, P);
    oq_strided_copy(&block, serial, from, 4, NULL);
    oq_strided_copy(&block, parallel, from, 4, pool);
    is_mem(parallel, serial, sizeof serial, "NCHW to NHWC is the same with two threads");
    is_float(serial[C + 1], from[P + 1], 0, "and right");
    oq_pool_free(pool);
}

int main(void)
{
    transposes_every_size();
    goes_backwards_and_repeats();
    copies_nothing_of_nothing();
    is_the_same_with_threads();
    return tap_done();
}
