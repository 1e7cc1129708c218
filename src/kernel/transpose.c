#include "kernel/transpose.h"

#include <stdint.h>
#include <string.h>

enum {
    BLOCK = 16,        /* a block's rows and columns: 16 lines of each side, well inside L1 at any stride */
    PART_BYTES = 65536 /* least work of one task */
};

/* Whole blocks with constant bounds, so that the compiler unrolls them; edges with the real ones. */
#define TRANSPOSE(bits)                                                                                      \
    static void block_##bits(size_t rows, size_t columns, const unsigned char *from, size_t from_stride,     \
                             unsigned char *to, size_t to_stride)                                            \
    {                                                                                                        \
        for (size_t j = 0; j < columns; j++)                                                                 \
            for (size_t i = 0; i < rows; i++)                                                                \
                memcpy(to + (j * to_stride + i) * (bits / 8), from + (i * from_stride + j) * (bits / 8),     \
                       bits / 8);                                                                            \
    }                                                                                                        \
                                                                                                             \
    static void transpose_##bits(size_t rows, size_t columns, const unsigned char *from, size_t from_stride, \
                                 unsigned char *to, size_t to_stride)                                        \
    {                                                                                                        \
        for (size_t i = 0; i < rows; i += BLOCK) {                                                           \
            size_t h = rows - i < BLOCK ? rows - i : BLOCK;                                                  \
            for (size_t j = 0; j < columns; j += BLOCK) {                                                    \
                size_t w = columns - j < BLOCK ? columns - j : BLOCK;                                        \
                const unsigned char *f = from + (i * from_stride + j) * (bits / 8);                          \
                unsigned char *t = to + (j * to_stride + i) * (bits / 8);                                    \
                if (h == BLOCK && w == BLOCK)                                                                \
                    block_##bits(BLOCK, BLOCK, f, from_stride, t, to_stride);                                \
                else                                                                                         \
                    block_##bits(h, w, f, from_stride, t, to_stride);                                        \
            }                                                                                                \
        }                                                                                                    \
    }

TRANSPOSE(8)
TRANSPOSE(16)
TRANSPOSE(32)
TRANSPOSE(64)

void oq_transpose(size_t element_size, size_t rows, size_t columns, const void *from, size_t from_stride,
                  void *to, size_t to_stride)
{
    switch (element_size) {
    case 1: transpose_8(rows, columns, from, from_stride, to, to_stride); break;
    case 2: transpose_16(rows, columns, from, from_stride, to, to_stride); break;
    case 4: transpose_32(rows, columns, from, from_stride, to, to_stride); break;
    default: transpose_64(rows, columns, from, from_stride, to, to_stride); break;
    }
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
