/* op_col2im: Col2Im: blocks of an image, which may overlap, added up where they lie.
 *
 *     x [N, C * kernel, positions] -> y [N, C, image]
 *     y[n, c, p * stride + k * dilation - pad] += x[n, (c, k), p]
 *
 * for every number p of a position and k of an element of the block, one per spatial axis. What falls outside
 * the image is dropped. One plane of the image is one task.
 */
#include <inttypes.h>
#include <string.h>

#include "op/families.h"
#include "op/floats.h"
#include "op/op_elems.h"

#define MAX_AXES (OQ_MAX_RANK - 2)

typedef struct {
    int rank;
    int64_t image[MAX_AXES], kernel[MAX_AXES], positions[MAX_AXES];
    int64_t stride[MAX_AXES], dilation[MAX_AXES], pad[MAX_AXES];
    size_t n_image, n_kernel, n_positions;
    const void *x;
    void *y;
} col2im_job;

static oq_status infer(oq_infer *ctx)
{
    const oq_shape *in = &ctx->in[0].shape;
    int64_t image[OQ_MAX_ELEMS], kernel[OQ_MAX_ELEMS], product = 1;
    int n_image = 0, n_kernel = 0;
    bool knows_image = oq_in_ints(ctx, 1, image, &n_image),
         knows_kernel = oq_in_ints(ctx, 2, kernel, &n_kernel);

    ctx->out[0].dtype = ctx->in[0].dtype;
    if (in->rank >= 0 && in->rank != 3)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input 0 has rank %d, it must be 3", in->rank);
    if (!knows_image || n_image > MAX_AXES)
        return OQ_OK;
    ctx->out[0].shape = oq_shape_ranked(n_image + 2);
    if (in->rank == 3)
        ctx->out[0].shape.dims[0] = in->dims[0];
    for (int i = 0; i < n_image; i++)
        ctx->out[0].shape.dims[i + 2] = oq_dim_of(image[i] < 0 ? -1 : image[i]);
    for (int i = 0; knows_kernel && i < n_kernel; i++)
        knows_kernel = !__builtin_mul_overflow(product, kernel[i], &product) && product > 0;
    if (knows_kernel && in->rank == 3 && in->dims[1].size >= 0)
        ctx->out[0].shape.dims[1] = oq_dim_of(in->dims[1].size / product);
    return OQ_OK;
}

/* List of the attribute, or n times the default. */
static oq_status read_list(oq_run *ctx, const char *name, int64_t otherwise, int64_t least, size_t n,
                           int64_t *out)
{
    size_t given;
    const int64_t *values = oq_node_ints(ctx->node, name, &given);

    if (given && given != n)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%s has %zu numbers; %zu are meant", name, given, n);
    for (size_t i = 0; i < n; i++) {
        out[i] = given ? values[i] : otherwise;
        if (out[i] < least || out[i] > INT32_MAX)
            OQ_OP_FAIL(ctx, OQ_RANGE, "%s holds %" PRId64, name, out[i]);
    }
    return OQ_OK;
}

static oq_status read_job(oq_run *ctx, col2im_job *job)
{
    const oq_array *image = ctx->in[1], *kernel = ctx->in[2];
    int64_t pads[2 * MAX_AXES];
    size_t n = image->n;

    if (n < 1 || n > MAX_AXES || kernel->n != n)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "image_shape has %zu numbers, block_shape %zu; both must have 1 to %d", n,
                   kernel->n, MAX_AXES);
    job->rank = (int)n;
    OQ_TRY(read_list(ctx, "strides", 1, 1, n, job->stride));
    OQ_TRY(read_list(ctx, "dilations", 1, 1, n, job->dilation));
    OQ_TRY(read_list(ctx, "pads", 0, 0, 2 * n, pads));
    for (size_t i = 0; i < n; i++) {
        int64_t room;

        job->image[i] = oq_array_int(image, i);
        job->kernel[i] = oq_array_int(kernel, i);
        job->pad[i] = pads[i];
        if (job->image[i] < 1 || job->kernel[i] < 1 || job->image[i] > INT32_MAX ||
            job->kernel[i] > INT32_MAX)
            OQ_OP_FAIL(ctx, OQ_RANGE, "image of size %" PRId64 ", block of size %" PRId64 " along axis %zu",
                       job->image[i], job->kernel[i], i);
        room = job->image[i] + pads[i] + pads[n + i] - job->dilation[i] * (job->kernel[i] - 1) - 1;
        job->positions[i] = room < 0 ? 0 : room / job->stride[i] + 1;
    }
    if (!oq_dims_count(job->image, job->rank, &job->n_image) ||
        !oq_dims_count(job->kernel, job->rank, &job->n_kernel) ||
        !oq_dims_count(job->positions, job->rank, &job->n_positions))
        OQ_OP_FAIL(ctx, OQ_LIMIT, "the image has too many elements");
    return OQ_OK;
}

/* The next number per axis, counted like an index; false after the last. */
static bool next(int64_t *at, const int64_t *dims, int rank)
{
    for (int i = rank - 1; i >= 0; i--) {
        if (++at[i] < dims[i])
            return true;
        at[i] = 0;
    }
    return false;
}

static int64_t place_of(const col2im_job *job, const int64_t *k, const int64_t *p)
{
    int64_t place = 0;

    for (int i = 0; i < job->rank; i++) {
        int64_t at = p[i] * job->stride[i] + k[i] * job->dilation[i] - job->pad[i];

        if (at < 0 || at >= job->image[i])
            return -1;
        place = place * job->image[i] + at;
    }
    return place;
}

#define ADD_PLANE(T)                                                               \
    static void add_plane_##T(void *arg, size_t plane, int worker)                 \
    {                                                                              \
        const col2im_job *job = arg;                                               \
        const T *x = (const T *)job->x + plane * job->n_kernel * job->n_positions; \
        T *y = (T *)job->y + plane * job->n_image;                                 \
        int64_t k[MAX_AXES] = {0};                                                 \
                                                                                   \
        (void)worker;                                                              \
        memset(y, 0, job->n_image * sizeof *y);                                    \
        do {                                                                       \
            int64_t p[MAX_AXES] = {0};                                             \
                                                                                   \
            do {                                                                   \
                int64_t place = place_of(job, k, p);                               \
                                                                                   \
                if (place >= 0)                                                    \
                    y[place] += *x;                                                \
                x++;                                                               \
            } while (next(p, job->positions, job->rank));                          \
        } while (next(k, job->kernel, job->rank));                                 \
    }

ADD_PLANE(float)
ADD_PLANE(double)

static oq_status run(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];
    int64_t dims[OQ_MAX_RANK];
    col2im_job job = {0};
    size_t n_planes;

    OQ_TRY(read_job(ctx, &job));
    // NOLINTNEXTLINE(clang-analyzer-core.DivideZero): read_job() refuses an empty kernel
    if (in->rank != 3 || in->dims[1] % (int64_t)job.n_kernel || in->dims[2] != (int64_t)job.n_positions)
        OQ_OP_FAIL(
            ctx, OQ_SHAPE,
            "input 0 must be [N, C * %zu, %zu]: a block has %zu elements, and the image room for %zu of them",
            job.n_kernel, job.n_positions, job.n_kernel, job.n_positions);
    dims[0] = in->dims[0];
    dims[1] = in->dims[1] / (int64_t)job.n_kernel;
    memcpy(dims + 2, job.image, (size_t)job.rank * sizeof *dims);
    job.x = in->dtype == OQ_DOUBLE ? in->data : (const void *)oq_floats_in(ctx, 0);
    if (!job.x)
        return oq_run_failure(ctx);
    job.y = in->dtype == OQ_DOUBLE ? oq_out(ctx, 0, in->dtype, dims, job.rank + 2)
                                   : oq_floats_out(ctx, 0, in->dtype, dims, job.rank + 2);
    if (!job.y)
        return oq_run_failure(ctx);
    n_planes = ctx->out[0].n / job.n_image;
    if (job.n_positions == 0)
        memset(job.y, 0, ctx->out[0].n * (in->dtype == OQ_DOUBLE ? sizeof(double) : sizeof(float)));
    else
        oq_pool_run(ctx->pool, n_planes, in->dtype == OQ_DOUBLE ? add_plane_double : add_plane_float, &job);
    if (in->dtype != OQ_DOUBLE)
        oq_floats_done(ctx, 0, job.y);
    return OQ_OK;
}

const oq_op oq_ops_col2im[] = {
    {.name = "Col2Im",
     .domain = "",
     .since = 18,
     .min_in = 3,
     .max_in = 3,
     .min_out = 1,
     .max_out = 1,
     .types = OQ_T_FLOATS,
     .infer = infer,
     .run = run,
     .rule = OQ_RULE_NONE,
     .weight = -1,
     .bias = -1},
    {.name = NULL},
};
