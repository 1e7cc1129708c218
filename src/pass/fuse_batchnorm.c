/* fuse_batchnorm: fold an inference BatchNormalization into the unit before it, also one written as Mul and
 * Add.
 *
 *     x -> Conv(W, b) -> y -> BatchNormalization(scale, B, mean, var) -> z
 *  => x -> Conv(W', b') -> z       r = scale / sqrt(var + eps)     W' = W * r   (per output channel)
 *                                  b' = (b - mean) * r + B         computed in double
 *     x -> Conv(W, b) -> Mul(c) -> Add(d) -> z    the same, one node after the other; Div, Sub likewise
 *     x -> MatMul(W) -> BatchNormalization -> z    =>  x -> MatMul(W') -> Add(b') -> z
 *
 * The output channel lies on axis 0 of W for Conv; for ConvTranspose on axis 1, counted within its group; for
 * Gemm on axis 1, or 0 with transB; for MatMul on the last. Gemm's beta becomes 1: b' = (beta b - mean) r +
 * B.
 *
 * Must not fire when y has another use: the other reader would see folded numbers. Must not fold a W that
 * another node shares: it gets a copy. Must not fire when a Mul by a constant widens y, when r or W' is not
 * finite (var + eps = 0), when the channel of BatchNormalization (axis 1) is not that of W (MatMul of rank
 * 3), or in training. An Add after MatMul stays: MatMul has no bias. r may be negative, so a fused Relu stays
 * after the fold. Flags: CLOSE.
 */
#include <math.h>
#include <string.h>

#include "pass/edit.h"

/* z = y * r + t for each output channel of a unit. */
typedef struct {
    int64_t n;
    double *r, *t;
} affine;

/* A node with constant weights. */
typedef struct {
    oq_node *node;
    const oq_tensor *weight, *bias; /* bias NULL: none */
    int64_t n;                      /* output channels */
    int64_t groups;                 /* ConvTranspose; else 1 */
    int weight_axis;                /* of the output channel */
    int rank, axis;                 /* of the output and its channel; rank -1: unknown, axis last */
    bool has_bias_input;            /* MatMul has none */
} unit;

static bool is_float_constant(const oq_tensor *tensor)
{
    return tensor && tensor->dtype == OQ_FLOAT;
}

/* The bias must be one number per channel, or one for all. */
static bool bias_is_usable(const unit *u)
{
    const oq_tensor *bias = u->bias;

    if (!oq_node_input(u->node, 2))
        return true;
    if (!is_float_constant(bias) || (bias->n_elements != 1 && bias->n_elements != (size_t)u->n))
        return false;
    return bias->rank <= 1 || (bias->rank == 2 && bias->dims[0] == 1);
}

static bool describe_unit(oq_node *node, unit *u)
{
    bool is_conv = oq_node_is(node, "Conv"), is_transposed = oq_node_is(node, "ConvTranspose");
    bool is_gemm = oq_node_is(node, "Gemm"), is_matmul = oq_node_is(node, "MatMul");

    if (!(is_conv || is_transposed || is_gemm || is_matmul))
        return false;
    *u = (unit){.node = node, .weight = oq_node_input_constant(node, 1), .groups = 1};
    if (!is_float_constant(u->weight) || u->weight->rank < 2 || u->weight->n_elements == 0 ||
        ((is_gemm || is_matmul) && u->weight->rank != 2))
        return false;
    u->weight_axis = oq_op_weight_axis(node, u->weight->rank);
    u->n = u->weight->dims[u->weight_axis];
    u->has_bias_input = !is_matmul;
    u->bias = is_matmul ? NULL : oq_node_input_constant(node, 2);
    u->rank = is_matmul ? (node->inputs[0] ? node->inputs[0]->shape.rank : -1) : u->weight->rank;
    u->axis = is_matmul ? (u->rank < 0 ? -1 : u->rank - 1) : 1;
    if (is_transposed) {
        u->groups = oq_node_int(node, "group", 1);
        if (u->groups < 1 || u->weight->dims[0] % u->groups != 0)
            return false;
        u->n *= u->groups;
    }
    return is_matmul || bias_is_usable(u);
}

/* ---- what the follower does to each channel */

static bool is_inference_batchnorm(const oq_node *node)
{
    if (!oq_node_is(node, "BatchNormalization") || node->n_inputs < 5)
        return false;
    for (int i = 1; i < node->n_outputs; i++) {
        if (oq_node_output_is_read(node, i))
            return false;
    }
    return oq_node_int(node, "training_mode", 0) == 0 && oq_node_int(node, "spatial", 1) != 0;
}

/* PyTorch folds in float32 (seed-semantics 4); the product with a float32 weight is then rounded once. */
static void torch_affine(const float *const p[5], float epsilon, int64_t c, affine *a)
{
    float r = 1.0f / sqrtf(p[4][c] + epsilon);

    a->r[c] = (double)(p[1][c] * r);
    a->t[c] = (double)(-p[3][c] * r * p[1][c] + p[2][c]);
}

static bool batchnorm_affine(const oq_node *node, const unit *u, affine *a, bool is_torch, oq_arena *arena)
{
    const float *p[5];
    double epsilon = (double)oq_node_float(node, "epsilon", 1e-5f);

    if (!is_inference_batchnorm(node) || u->rank < 2 || u->axis != 1)
        return false;
    for (int i = 1; i < 5; i++) {
        const oq_tensor *tensor = oq_node_input_constant(node, i);

        if (!is_float_constant(tensor) || tensor->n_elements != (size_t)u->n ||
            !(p[i] = oq_tensor_as_floats(tensor, arena)))
            return false;
    }
    for (int64_t c = 0; c < u->n; c++) {
        if (is_torch) {
            torch_affine(p, (float)epsilon, c, a);
            continue;
        }
        a->r[c] = (double)p[1][c] / sqrt((double)p[4][c] + epsilon);
        a->t[c] = (double)p[2][c] - (double)p[3][c] * a->r[c];
    }
    return true;
}

/* One number per channel out of a constant that broadcasts against y without widening it. */
static bool per_channel(const oq_tensor *constant, const unit *u, double *values, oq_arena *arena)
{
    const float *p;
    int64_t step = 0;

    if (!is_float_constant(constant) || constant->n_elements == 0)
        return false;
    if (u->rank < 0 ? constant->rank > 1 : constant->rank > u->rank)
        return false;
    for (int i = 0; i < constant->rank; i++) {
        bool is_channel = u->rank < 0 || i + u->rank - constant->rank == u->axis;

        if (constant->dims[i] == 1)
            continue;
        if (!is_channel || constant->dims[i] != u->n)
            return false;
        step = 1;
    }
    p = oq_tensor_as_floats(constant, arena);
    for (int64_t c = 0; p && c < u->n; c++)
        values[c] = (double)p[c * step];
    return p != NULL;
}

static bool arithmetic_affine(const oq_node *node, const unit *u, affine *a, oq_arena *arena)
{
    bool is_mul = oq_node_is(node, "Mul"), is_div = oq_node_is(node, "Div"), is_add = oq_node_is(node, "Add"),
         is_sub = oq_node_is(node, "Sub");
    int y_at;

    if (!(is_mul || is_div || is_add || is_sub) || node->n_inputs != 2)
        return false;
    y_at = node->inputs[0] == u->node->outputs[0] ? 0 : 1;
    if (((is_div || is_sub) && y_at != 0) || ((is_add || is_sub) && !u->has_bias_input))
        return false;
    if (!per_channel(oq_node_input_constant(node, 1 - y_at), u, is_mul || is_div ? a->r : a->t, arena))
        return false;
    for (int64_t c = 0; c < u->n; c++) {
        if (is_div)
            a->r[c] = 1.0 / a->r[c];
        if (is_sub)
            a->t[c] = -a->t[c];
        if (is_mul || is_div)
            a->t[c] = 0;
        else
            a->r[c] = 1;
    }
    return true;
}

/* ---- the fold */

static bool all_finite(const float *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(values[i]))
            return false;
    }
    return true;
}

/* W' = W * r along the output channel; NULL when a product is not finite or memory ran out. */
static oq_tensor *scaled_weight(const unit *u, const double *r)
{
    const oq_tensor *w = u->weight;
    void *data;
    oq_tensor *out = oq_tensor_new(u->node->graph->model->arena, OQ_FLOAT, w->dims, w->rank, &data);
    size_t inner = 1, axis_size = (size_t)w->dims[u->weight_axis];
    size_t rows_per_group = (size_t)w->dims[0] / (size_t)u->groups;
    float *values = data;

    if (!out || !oq_tensor_floats(w, values))
        return NULL;
    for (int i = u->weight_axis + 1; i < w->rank; i++)
        inner *= (size_t)w->dims[i];
    for (size_t i = 0; i < w->n_elements; i++) {
        size_t channel = i / inner % axis_size;

        if (u->groups > 1) /* axis 1 counts within the group that row i / (axis_size * inner) belongs to */
            channel += i / (axis_size * inner) / rows_per_group * axis_size;
        values[i] = (float)((double)values[i] * r[channel]);
    }
    return all_finite(values, w->n_elements) ? out : NULL;
}

/* b' = b * r + t (b times beta for Gemm). */
static oq_tensor *shifted_bias(const unit *u, const affine *a, oq_arena *scratch)
{
    const float *b = oq_tensor_as_floats(u->bias, scratch);
    double beta = oq_node_is(u->node, "Gemm") ? (double)oq_node_float(u->node, "beta", 1.0f) : 1.0;
    void *data;
    oq_tensor *out = oq_tensor_new(u->node->graph->model->arena, OQ_FLOAT, &u->n, 1, &data);
    int64_t step = u->bias && u->bias->n_elements == 1 ? 0 : 1;
    float *values = data;

    if (!out || (u->bias && !b))
        return NULL;
    for (int64_t c = 0; c < u->n; c++) {
        double old = b ? (double)b[c * step] * beta : 0.0;

        values[c] = (float)(old * a->r[c] + a->t[c]);
    }
    return all_finite(values, (size_t)u->n) ? out : NULL;
}

static oq_status set_bias(const unit *u, oq_tensor *bias)
{
    oq_graph *graph = u->node->graph;
    char *name;
    oq_value *value;

    if (oq_node_input(u->node, 2)) {
        OQ_TRY(oq_node_replace_constant(u->node, 2, bias));
    } else {
        name = oq_arena_printf(graph->model->arena, "%s_bias", u->node->outputs[0]->name);
        value = name ? oq_graph_add_initializer(graph, name, bias) : NULL;
        if (!value)
            return OQ_NOMEM;
        OQ_TRY(oq_node_set_input(u->node, 2, value));
    }
    if (oq_node_is(u->node, "Gemm"))
        oq_node_remove_attr(u->node, "beta");
    return OQ_OK;
}

/* MatMul has no bias: the BatchNormalization becomes the Add of what is left of it. */
static oq_status become_add(oq_node *follower, oq_value *y, oq_tensor *bias)
{
    oq_graph *graph = follower->graph;
    char *name = oq_arena_printf(graph->model->arena, "%s_bias", y->name);
    oq_value *value = name ? oq_graph_add_initializer(graph, name, bias) : NULL;
    oq_node *add =
        value ? oq_node_new(graph, follower, "Add", "", follower->name, (oq_value *[]){y, value}, 2, 1, NULL)
              : NULL;

    return add ? oq_node_replace(follower, add) : OQ_NOMEM;
}

static oq_status fold(const unit *u, const affine *a, oq_node *follower, oq_pass_ctx *ctx)
{
    oq_value *y = u->node->outputs[0];
    bool has_scale = !oq_node_is(follower, "Add") && !oq_node_is(follower, "Sub");
    bool has_shift = !oq_node_is(follower, "Mul") && !oq_node_is(follower, "Div");
    oq_tensor *weight = has_scale ? scaled_weight(u, a->r) : NULL;
    oq_tensor *bias = has_shift || u->bias ? shifted_bias(u, a, ctx->arena) : NULL;

    if ((has_scale && !weight) || ((has_shift || u->bias) && !bias))
        return OQ_OK; /* not finite: left as it is */
    if (weight)
        OQ_TRY(oq_node_replace_constant(u->node, 1, weight));
    ctx->changed++;
    if (bias && !u->has_bias_input)
        return become_add(follower, y, bias);
    if (bias)
        OQ_TRY(set_bias(u, bias));
    return oq_node_bypass(follower, y) ? OQ_OK : OQ_NOMEM;
}

static oq_status try_fold(oq_node *follower, oq_pass_ctx *ctx)
{
    oq_node *node = NULL;
    bool is_torch = ctx->plan && ctx->plan->options.mode == OQ_QMODE_TORCH;
    unit u;
    affine a;

    for (int i = 0; i < follower->n_inputs && i < 2 && !node; i++)
        node = oq_node_producer(follower, i);
    if (!node || oq_node_single_reader(node) != follower || follower->n_outputs < 1 ||
        !follower->outputs[0] || !oq_value_is_movable(follower->outputs[0]) || !describe_unit(node, &u))
        return OQ_OK;
    a = (affine){u.n, OQ_NEW_ARRAY(ctx->arena, double, u.n), OQ_NEW_ARRAY(ctx->arena, double, u.n)};
    if (!a.r || !a.t)
        return OQ_NOMEM;
    if (!batchnorm_affine(follower, &u, &a, is_torch, ctx->arena) &&
        !arithmetic_affine(follower, &u, &a, ctx->arena))
        return OQ_OK;
    return fold(&u, &a, follower, ctx);
}

static oq_status fuse(oq_graph *graph, void *arg)
{
    oq_node *node, *next;

    OQ_FOR_EACH_NODE_SAFE (graph, node, next) {
        if (oq_node_is(node, "BatchNormalization") || oq_node_is(node, "Mul") || oq_node_is(node, "Div") ||
            oq_node_is(node, "Add") || oq_node_is(node, "Sub"))
            OQ_TRY(try_fold(node, arg));
    }
    return OQ_OK;
}

oq_status oq_fuse_batchnorm(oq_graph *graph, oq_pass_ctx *ctx)
{
    return oq_graph_walk(graph, fuse, ctx);
}
