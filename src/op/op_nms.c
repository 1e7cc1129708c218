/* op_nms: NonMaxSuppression: of the boxes of each class, the best by score, without those that overlap a
 * better one by more than iou_threshold.
 *
 * Boxes of one class are looked at from the highest score down, equal scores in their order. Results: for
 * each batch and class in order, rows of batch, class, box. Each class is one task of the pool.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "op/families.h"
#include "op/op_elems.h"

enum { BOXES, SCORES, MOST, IOU, SCORE };

static oq_status infer(oq_infer *ctx)
{
    const oq_shape *boxes = &ctx->in[BOXES].shape, *scores = &ctx->in[SCORES].shape;

    if ((boxes->rank >= 0 && boxes->rank != 3) || (scores->rank >= 0 && scores->rank != 3))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "boxes and scores have ranks %d and %d, both must be 3", boxes->rank,
                   scores->rank);
    ctx->out[0] = (oq_type){OQ_INT64, oq_shape_ranked(2)};
    ctx->out[0].shape.dims[1] = oq_dim_of(3);
    return OQ_OK;
}

typedef struct {
    float x0, y0, x1, y1, area; /* x0 <= x1, y0 <= y1 */
} box;

typedef struct {
    float score;
    uint32_t index;
} candidate;

typedef struct {
    size_t n_batch, n_classes, n_boxes;
    size_t most; /* per class, at most n_boxes */
    float iou_threshold, score_threshold;
    bool has_score_threshold;
    const box *boxes;      /* n_batch x n_boxes */
    const float *scores;   /* n_batch x n_classes x n_boxes */
    candidate *candidates; /* n_boxes for each worker */
    uint32_t *chosen;      /* most for each batch and class */
    size_t *n_chosen;      /* of each batch and class */
} nms_job;

/* Corners in either order, or a centre with width and height. */
static box box_of(const float *p, bool is_center)
{
    box b;

    if (is_center) {
        float half_w = p[2] / 2, half_h = p[3] / 2;

        b = (box){p[0] - half_w, p[1] - half_h, p[0] + half_w, p[1] + half_h, 0};
    } else {
        b = (box){fminf(p[1], p[3]), fminf(p[0], p[2]), fmaxf(p[1], p[3]), fmaxf(p[0], p[2]), 0};
    }
    b.area = (b.x1 - b.x0) * (b.y1 - b.y0);
    return b;
}

static bool overlaps(const box *a, const box *b, float threshold)
{
    float w = fminf(a->x1, b->x1) - fmaxf(a->x0, b->x0), h = fminf(a->y1, b->y1) - fmaxf(a->y0, b->y0);
    float both;

    if (!(w > 0) || !(h > 0) || !(a->area > 0) || !(b->area > 0))
        return false;
    both = w * h;
    return both / (a->area + b->area - both) > threshold;
}

/* NaN last. */
static int by_score(const void *a_, const void *b_)
{
    const candidate *a = a_, *b = b_;
    float x = a->score == a->score ? a->score : -INFINITY, y = b->score == b->score ? b->score : -INFINITY;

    if (x != y)
        return x > y ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

static void choose(void *arg, size_t task, int worker)
{
    const nms_job *job = arg;
    candidate *list = job->candidates + (size_t)worker * job->n_boxes;
    const float *scores = job->scores + task * job->n_boxes;
    const box *boxes = job->boxes + task / job->n_classes * job->n_boxes;
    uint32_t *chosen = job->chosen + task * job->most;
    size_t n = 0, n_chosen = 0;

    for (size_t i = 0; i < job->n_boxes; i++) {
        if (!job->has_score_threshold || scores[i] > job->score_threshold)
            list[n++] = (candidate){scores[i], (uint32_t)i};
    }
    qsort(list, n, sizeof *list, by_score);
    for (size_t i = 0; i < n && n_chosen < job->most; i++) {
        const box *one = &boxes[list[i].index];
        bool is_free = true;

        for (size_t k = 0; is_free && k < n_chosen; k++)
            is_free = !overlaps(one, &boxes[chosen[k]], job->iou_threshold);
        if (is_free)
            chosen[n_chosen++] = list[i].index;
    }
    job->n_chosen[task] = n_chosen;
}

static oq_status read_threshold(oq_run *ctx, int i, bool *is_given, float *value)
{
    const oq_array *in = oq_in(ctx, i);

    *is_given = in != NULL && in->n > 0;
    if (*is_given && (in->n != 1 || in->dtype != OQ_FLOAT))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input %d holds %zu numbers of type %s; one float is meant", i, in->n,
                   oq_dtype_name(in->dtype));
    if (*is_given)
        *value = *(const float *)in->data;
    return OQ_OK;
}

static oq_status read_inputs(oq_run *ctx, nms_job *job)
{
    const oq_array *boxes = ctx->in[BOXES], *scores = ctx->in[SCORES], *most = oq_in(ctx, MOST);
    int64_t limit = most && most->n ? oq_array_int(most, 0) : 0;
    bool has_iou;

    if (boxes->rank != 3 || scores->rank != 3 || boxes->dims[2] != 4 || boxes->dims[0] != scores->dims[0] ||
        boxes->dims[1] != scores->dims[2] || scores->dtype != OQ_FLOAT || boxes->dims[1] > UINT32_MAX)
        OQ_OP_FAIL(ctx, OQ_SHAPE,
                   "boxes [batch, boxes, 4] and scores [batch, classes, boxes] of type float are meant");
    *job = (nms_job){.n_batch = (size_t)boxes->dims[0],
                     .n_classes = (size_t)scores->dims[1],
                     .n_boxes = (size_t)boxes->dims[1],
                     .scores = scores->data};
    OQ_TRY(read_threshold(ctx, IOU, &has_iou, &job->iou_threshold));
    OQ_TRY(read_threshold(ctx, SCORE, &job->has_score_threshold, &job->score_threshold));
    if (!(job->iou_threshold >= 0 && job->iou_threshold <= 1))
        OQ_OP_FAIL(ctx, OQ_RANGE, "iou_threshold %g is outside 0 to 1", (double)job->iou_threshold);
    job->most = limit <= 0 ? 0 : (uint64_t)limit < job->n_boxes ? (size_t)limit : job->n_boxes;
    return OQ_OK;
}

static oq_status get_memory(oq_run *ctx, nms_job *job)
{
    size_t n_tasks = job->n_batch * job->n_classes, n_all = job->n_batch * job->n_boxes, n_chosen,
           n_candidates;
    bool is_center = oq_node_int(ctx->node, "center_point_box", 0) != 0;
    const float *given = ctx->in[BOXES]->data;
    box *boxes;

    if (oq_mul_overflow(n_tasks, job->most * sizeof *job->chosen, &n_chosen) ||
        oq_mul_overflow((size_t)oq_pool_size(ctx->pool), job->n_boxes * sizeof *job->candidates,
                        &n_candidates))
        OQ_OP_FAIL(ctx, OQ_LIMIT, "working memory does not fit in memory");
    boxes = oq_scratch(ctx, n_all * sizeof *boxes);
    job->candidates = boxes ? oq_scratch(ctx, n_candidates) : NULL;
    job->chosen = job->candidates ? oq_scratch(ctx, n_chosen) : NULL;
    job->n_chosen = job->chosen ? oq_scratch(ctx, n_tasks * sizeof *job->n_chosen) : NULL;
    if (!job->n_chosen)
        return oq_run_failure(ctx);
    for (size_t i = 0; i < n_all; i++)
        boxes[i] = box_of(given + 4 * i, is_center);
    job->boxes = boxes;
    return OQ_OK;
}

static oq_status run(oq_run *ctx)
{
    size_t n_tasks, total = 0;
    nms_job job;
    int64_t *out;

    OQ_TRY(read_inputs(ctx, &job));
    OQ_TRY(get_memory(ctx, &job));
    n_tasks = job.n_batch * job.n_classes;
    oq_pool_run(ctx->pool, n_tasks, choose, &job);
    for (size_t t = 0; t < n_tasks; t++)
        total += job.n_chosen[t];
    out = oq_out(ctx, 0, OQ_INT64, (const int64_t[]){(int64_t)total, 3}, 2);
    if (!out)
        return oq_run_failure(ctx);
    for (size_t t = 0; t < n_tasks; t++) {
        for (size_t k = 0; k < job.n_chosen[t]; k++) {
            *out++ = (int64_t)(t / job.n_classes);
            *out++ = (int64_t)(t % job.n_classes);
            *out++ = job.chosen[t * job.most + k];
        }
    }
    return OQ_OK;
}

const oq_op oq_ops_nms[] = {
    {.name = "NonMaxSuppression",
     .domain = "",
     .since = 10,
     .min_in = 2,
     .max_in = 5,
     .min_out = 1,
     .max_out = 1,
     .types = OQ_T_F32,
     .infer = infer,
     .run = run,
     .rule = OQ_RULE_NONE,
     .weight = -1,
     .bias = -1},
    {.name = NULL},
};
