#include "op/pointwise.h"

#include <math.h>
#include <string.h>

#include "kernel/gemm_f32.h"

enum {
    LEAST_PIXELS = 128,
    BLOCK_FLOATS = 1 << 17, /* packed X and Y of a block: 512 KiB, half of a 1 MiB L2 */
    BLOCK_STEP = 192        /* whole panels of 1, 2, 3 and 4 vectors of 16 */
};

bool oq_is_pointwise(const oq_conv_spec *spec)
{
    for (int i = 0; i < spec->rank; i++) {
        if (spec->kernel[i] != 1 || spec->stride[i] != 1)
            return false;
    }
    return spec->groups == 1;
}

bool oq_pointwise_pays(size_t pixels)
{
    return pixels >= LEAST_PIXELS;
}

typedef struct {
    const oq_pointwise *conv;
    size_t pixels, block, n_blocks;
    const float *x;
    float *y;
    char *scratch;
    size_t worker_scratch; /* bytes */
} job;

static void fill(float *y, size_t n, float value)
{
    float line[16];

    for (size_t i = 0; i < 16; i++)
        line[i] = value;
    for (; n >= 16; n -= 16, y += 16)
        memcpy(y, line, sizeof line); /* a few vector stores */
    memcpy(y, line, n * sizeof *y);
}

static void start_from_bias(const job *j, float *y, size_t n)
{
    for (size_t m = 0; m < j->conv->out_channels; m++)
        fill(y + m * j->pixels, n, j->conv->bias[m]);
}

/* One block of pixels of one image. */
static void run_block(void *arg, size_t index, int worker)
{
    const job *j = arg;
    size_t image = index / j->n_blocks, first = index % j->n_blocks * j->block;
    size_t n = j->pixels - first < j->block ? j->pixels - first : j->block, c = j->conv->in_channels;
    oq_packed_f32 packed;
    oq_gemm_f32 gemm = {.b = &packed,
                        .m = j->conv->out_channels,
                        .a = j->conv->weight,
                        .a_stride = c,
                        .accumulate = j->conv->bias != NULL,
                        .c = j->y + image * j->conv->out_channels * j->pixels + first,
                        .c_stride = j->pixels,
                        .lo = j->conv->lo,
                        .hi = j->conv->hi};

    oq_pack_f32(oq_kernels_best(), c, n, j->x + image * c * j->pixels + first, j->pixels, 1,
                j->scratch + (size_t)worker * j->worker_scratch, &packed);
    if (j->conv->bias)
        start_from_bias(j, gemm.c, n);
    oq_gemm_f32_run(NULL, &gemm);
}

oq_status oq_pointwise_run(oq_run *ctx, const oq_pointwise *conv, size_t batch, size_t pixels, const float *x,
                           float *y)
{
    job j = {.conv = conv, .pixels = pixels, .x = x, .y = y};
    size_t wanted = BLOCK_FLOATS / (conv->in_channels + conv->out_channels) / BLOCK_STEP * BLOCK_STEP;
    size_t size;

    wanted = wanted < BLOCK_STEP ? BLOCK_STEP : wanted;
    j.n_blocks = (pixels + wanted - 1) / wanted;
    j.block = (pixels + j.n_blocks - 1) / j.n_blocks;
    j.block = (j.block + 15) / 16 * 16;
    j.n_blocks = (pixels + j.block - 1) / j.block;
    size = oq_pack_f32_size(oq_kernels_best(), conv->in_channels, j.block);
    if (size > SIZE_MAX / 4096)
        OQ_OP_FAIL(ctx, OQ_LIMIT, "working memory does not fit in memory");
    j.worker_scratch = (size + 63) / 64 * 64;
    j.scratch = oq_scratch(ctx, j.worker_scratch * (size_t)oq_pool_size(ctx->pool));
    if (!j.scratch)
        return ctx->status;
    oq_pool_run(ctx->pool, batch * j.n_blocks, run_block, &j);
    return OQ_OK;
}
