#include "kernel/transpose.h"

#include <stdint.h>
#include <string.h>

enum {
    BLOCK = 16,        /* a block's rows and columns: 16 lines of each side, well inside L1 at any stride */
    PART_BYTES = 16384 /* least work of one task */
};

/* ------------------------------------------------------------------ small squares in registers */

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define HAS_SHUFFLE 1
#endif
#endif

#ifdef HAS_SHUFFLE
typedef uint32_t four __attribute__((vector_size(16)));

static inline four load_four(const unsigned char *p)
{
    four x;

    memcpy(&x, p, sizeof x);
    return x;
}

/* 4 x 4 elements of 4 bytes; strides in bytes. */
static inline void square_32(const unsigned char *from, size_t from_stride, unsigned char *to,
                             size_t to_stride)
{
    four a = load_four(from), b = load_four(from + from_stride);
    four c = load_four(from + 2 * from_stride), d = load_four(from + 3 * from_stride);
    four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5),
         ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    four cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5),
         cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);

    a = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
    b = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
    c = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
    d = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
    memcpy(to, &a, sizeof a);
    memcpy(to + to_stride, &b, sizeof b);
    memcpy(to + 2 * to_stride, &c, sizeof c);
    memcpy(to + 3 * to_stride, &d, sizeof d);
}
#else
static inline void square_32(const unsigned char *from, size_t from_stride, unsigned char *to,
                             size_t to_stride)
{
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++)
            memcpy(to + j * to_stride + i * 4, from + i * from_stride + j * 4, 4);
}
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* Exchange the upper part (by `shift` bits) of *a with the lower part of *b, in every field the mask selects.
 */
static inline void exchange(uint64_t *a, uint64_t *b, int shift, uint64_t mask)
{
    uint64_t t = ((*a >> shift) ^ *b) & mask;

    *b ^= t;
    *a ^= t << shift;
}

/* 8 x 8 bytes: 4 x 4 quarters are exchanged, then 2 x 2, then single bytes. */
static inline void square_8(const unsigned char *from, size_t from_stride, unsigned char *to,
                            size_t to_stride)
{
    uint64_t x[8];

    for (size_t i = 0; i < 8; i++)
        memcpy(&x[i], from + i * from_stride, 8);
    for (int i = 0; i < 4; i++)
        exchange(&x[i], &x[i + 4], 32, 0x00000000ffffffffu);
    for (int i = 0; i < 8; i += i % 2 ? 3 : 1) /* 0 1 4 5 */
        exchange(&x[i], &x[i + 2], 16, 0x0000ffff0000ffffu);
    for (int i = 0; i < 8; i += 2)
        exchange(&x[i], &x[i + 1], 8, 0x00ff00ff00ff00ffu);
    for (size_t i = 0; i < 8; i++)
        memcpy(to + i * to_stride, &x[i], 8);
}
#else
static inline void square_8(const unsigned char *from, size_t from_stride, unsigned char *to,
                            size_t to_stride)
{
    for (size_t i = 0; i < 8; i++)
        for (size_t j = 0; j < 8; j++)
            to[j * to_stride + i] = from[i * from_stride + j];
}
#endif

/* ------------------------------------------------------------------ blocks */

/* Strides in bytes. */
#define EDGE(bits)                                                                                      \
    static void edge_##bits(size_t rows, size_t columns, const unsigned char *from, size_t from_stride, \
                            unsigned char *to, size_t to_stride)                                        \
    {                                                                                                   \
        for (size_t j = 0; j < columns; j++)                                                            \
            for (size_t i = 0; i < rows; i++)                                                           \
                memcpy(to + j * to_stride + i * (bits / 8), from + i * from_stride + j * (bits / 8),    \
                       bits / 8);                                                                       \
    }

EDGE(8)
EDGE(16)
EDGE(32)
EDGE(64)

/* Whole squares, then what is left at the right and below. */
static void edge_squares(size_t rows, size_t columns, const unsigned char *from, size_t from_stride,
                         unsigned char *to, size_t to_stride)
{
    size_t h = rows / 4 * 4, w = columns / 4 * 4;

    for (size_t i = 0; i < h; i += 4)
        for (size_t j = 0; j < w; j += 4)
            square_32(from + i * from_stride + j * 4, from_stride, to + j * to_stride + i * 4, to_stride);
    if (w < columns)
        edge_32(h, columns - w, from + w * 4, from_stride, to + w * to_stride, to_stride);
    if (h < rows)
        edge_32(rows - h, columns, from + h * from_stride, from_stride, to + h * 4, to_stride);
}

/* Three planes to pixels of three channels: an image at the edge of a graph. A pixel is stored with a fourth
 * value that the next one overwrites; the last four go one by one. */
static void interleave_3(size_t n, const unsigned char *from, size_t from_stride, unsigned char *to)
{
#ifdef HAS_SHUFFLE
    const four zero = {0};
    size_t i = 0;

    for (; i + 4 < n; i += 4, from += 16, to += 48) {
        four a = load_four(from), b = load_four(from + from_stride), c = load_four(from + 2 * from_stride);
        four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
        four ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
        four c_low = __builtin_shufflevector(c, zero, 0, 4, 1, 5);
        four c_high = __builtin_shufflevector(c, zero, 2, 6, 3, 7);

        a = __builtin_shufflevector(ab_low, c_low, 0, 1, 4, 5);
        b = __builtin_shufflevector(ab_low, c_low, 2, 3, 6, 7);
        c = __builtin_shufflevector(ab_high, c_high, 0, 1, 4, 5);
        c_high = __builtin_shufflevector(ab_high, c_high, 2, 3, 6, 7);
        memcpy(to, &a, sizeof a);
        memcpy(to + 12, &b, sizeof b);
        memcpy(to + 24, &c, sizeof c);
        memcpy(to + 36, &c_high, sizeof c_high);
    }
    edge_32(3, n - i, from, from_stride, to, 12);
#else
    edge_32(3, n, from, from_stride, to, 12);
#endif
}

static void block_8(const unsigned char *from, size_t from_stride, unsigned char *to, size_t to_stride)
{
    for (size_t i = 0; i < BLOCK; i += 8)
        for (size_t j = 0; j < BLOCK; j += 8)
            square_8(from + i * from_stride + j, from_stride, to + j * to_stride + i, to_stride);
}

static void block_16(const unsigned char *from, size_t from_stride, unsigned char *to, size_t to_stride)
{
    edge_16(BLOCK, BLOCK, from, from_stride, to, to_stride);
}

static void block_32(const unsigned char *from, size_t from_stride, unsigned char *to, size_t to_stride)
{
    for (size_t i = 0; i < BLOCK; i += 4)
        for (size_t j = 0; j < BLOCK; j += 4)
            square_32(from + i * from_stride + j * 4, from_stride, to + j * to_stride + i * 4, to_stride);
}

static void block_64(const unsigned char *from, size_t from_stride, unsigned char *to, size_t to_stride)
{
    edge_64(BLOCK, BLOCK, from, from_stride, to, to_stride);
}

typedef struct {
    void (*block)(const unsigned char *from, size_t from_stride, unsigned char *to, size_t to_stride);
    void (*edge)(size_t rows, size_t columns, const unsigned char *from, size_t from_stride,
                 unsigned char *to, size_t to_stride);
} element_kernels;

static void transpose(const element_kernels *kernels, size_t size, size_t rows, size_t columns,
                      const unsigned char *from, size_t from_stride, unsigned char *to, size_t to_stride)
{
    for (size_t i = 0; i < rows; i += BLOCK) {
        size_t h = rows - i < BLOCK ? rows - i : BLOCK;

        for (size_t j = 0; j < columns; j += BLOCK) {
            size_t w = columns - j < BLOCK ? columns - j : BLOCK;
            const unsigned char *f = from + i * from_stride + j * size;
            unsigned char *t = to + j * to_stride + i * size;

            if (h == BLOCK && w == BLOCK)
                kernels->block(f, from_stride, t, to_stride);
            else
                kernels->edge(h, w, f, from_stride, t, to_stride);
        }
    }
}

void oq_transpose(size_t element_size, size_t rows, size_t columns, const void *from, size_t from_stride,
                  void *to, size_t to_stride)
{
    static const element_kernels by_size[] = {
        {block_8, edge_8}, {block_16, edge_16}, {block_32, edge_squares}, {block_64, edge_64}};
    int i = element_size == 1 ? 0 : element_size == 2 ? 1 : element_size == 4 ? 2 : 3;

    if (element_size == 4 && rows == 3 && to_stride == 3) {
        interleave_3(columns, from, from_stride * 4, to);
        return;
    }
    transpose(&by_size[i], element_size, rows, columns, from, from_stride * element_size, to,
              to_stride * element_size);
}

typedef struct {
    size_t element_size, rows, columns, parts; /* parts: along the longer side of each matrix */
    const unsigned char *from;
    unsigned char *to;
} batch_job;

static void run_part(void *arg, size_t index, int worker)
{
    const batch_job *job = arg;
    size_t matrix = index / job->parts, part = index % job->parts,
           matrix_bytes = job->rows * job->columns * job->element_size;
    const unsigned char *from = job->from + matrix * matrix_bytes;
    unsigned char *to = job->to + matrix * matrix_bytes;
    size_t longer = job->rows > job->columns ? job->rows : job->columns;
    size_t a = longer * part / job->parts, b = longer * (part + 1) / job->parts;

    (void)worker;
    if (job->rows > job->columns)
        oq_transpose(job->element_size, b - a, job->columns, from + a * job->columns * job->element_size,
                     job->columns, to + a * job->element_size, job->rows);
    else
        oq_transpose(job->element_size, job->rows, b - a, from + a * job->element_size, job->columns,
                     to + a * job->rows * job->element_size, job->rows);
}

void oq_transpose_batch(oq_pool *pool, size_t element_size, size_t batch, size_t rows, size_t columns,
                        const void *from, void *to)
{
    batch_job job = {element_size, rows, columns, 1, from, to};

    if (rows == 0 || columns == 0)
        return;
    if (rows == 1 || columns == 1) {
        memcpy(to, from, batch * rows * columns * element_size);
        return;
    }
    if (oq_pool_size(pool) > 1 && batch < (size_t)oq_pool_size(pool))
        job.parts = 1 + rows * columns * element_size / PART_BYTES;
    if (job.parts > (size_t)oq_pool_size(pool) * 4)
        job.parts = (size_t)oq_pool_size(pool) * 4;
    oq_pool_run(pool, batch * job.parts, run_part, &job);
}
