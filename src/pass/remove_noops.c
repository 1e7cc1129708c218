/* remove_noops: take out nodes that compute nothing.
 *
 *     Identity(x), Dropout(x) at inference, Cast(x) to its own type, Pad(x) by nothing          => x
 *     Reshape, Flatten, Squeeze, Expand, Tile, Slice whose output surely has the shape of x       => x
 *     Concat, Sum, Max, Min, Mean of one                                                          => x
 *     x * 1, x / 1, x - 0, x + -0.0, integer x + 0                                                => x
 *     Transpose(Transpose(x, p), q)  =>  Transpose(x, p[q]), and x when that moves nothing
 *
 * Must not fire on x + 0.0: -0.0 would keep its sign where the sum loses it. Must not fire when the constant
 * makes the result larger than x by broadcasting, on a Slice that may step backwards, on a Dropout whose mask
 * is read, or when the output is public and x cannot carry its name (a graph input, an initializer, another
 * output): then the node stays. Flags: EXACT.
 */
#include <math.h>
#include <string.h>

#include "pass/edit.h"

static bool same_known_shape(const oq_node *node)
{
    return node->inputs[0] && oq_shape_equal(&node->inputs[0]->shape, &node->outputs[0]->shape);
}

static bool all_ints_are(const int64_t *ints, size_t n, int64_t wanted)
{
    for (size_t i = 0; i < n; i++) {
        if (ints[i] != wanted)
            return false;
    }
    return true;
}

/* ---- one predicate per kind; input 0 is what remains */

static bool always(const oq_node *node, oq_pass_ctx *ctx)
{
    (void)node;
    (void)ctx;
    return true;
}

static bool is_inference_dropout(const oq_node *node, oq_pass_ctx *ctx)
{
    const oq_tensor *training = oq_node_input_constant(node, 2);
    int64_t flag = 0;

    (void)ctx;
    if (oq_node_input(node, 2) && !(training && oq_tensor_int(training, 0, &flag) && flag == 0))
        return false;
    return !oq_node_output_is_read(node, 1);
}

static bool is_same_cast(const oq_node *node, oq_pass_ctx *ctx)
{
    oq_dtype from = node->inputs[0]->dtype;

    (void)ctx;
    return from != OQ_UNDEFINED && oq_node_int(node, "to", OQ_UNDEFINED) == (int64_t)from;
}

static bool is_empty_pad(const oq_node *node, oq_pass_ctx *ctx)
{
    size_t n;
    const int64_t *pads = oq_node_ints(node, "pads", &n);

    if (!pads)
        pads = oq_node_input_ints(node, 1, ctx->arena, &n);
    return pads && all_ints_are(pads, n, 0);
}

static bool keeps_shape(const oq_node *node, oq_pass_ctx *ctx)
{
    (void)ctx;
    return same_known_shape(node);
}

/* Forward steps and an unchanged shape leave only the whole range. */
static bool is_whole_slice(const oq_node *node, oq_pass_ctx *ctx)
{
    const int64_t *steps;
    size_t n;

    if (!same_known_shape(node))
        return false;
    if (!oq_node_input(node, 4))
        return true;
    steps = oq_node_input_ints(node, 4, ctx->arena, &n);
    for (size_t i = 0; steps && i < n; i++) {
        if (steps[i] < 0)
            return false;
    }
    return steps != NULL;
}

static bool has_one_input(const oq_node *node, oq_pass_ctx *ctx)
{
    (void)ctx;
    return node->n_inputs == 1;
}

/* Does the constant leave the shape of x alone? */
static bool fits_inside(const oq_tensor *constant, const oq_value *x, const oq_value *y)
{
    if (oq_shape_equal(&x->shape, &y->shape))
        return true;
    return constant->n_elements == 1 && x->shape.rank >= constant->rank;
}

/* Are all elements this float (sign of zero included), or for integer types this integer? */
static bool is_filled_with(const oq_tensor *tensor, float wanted, oq_arena *arena)
{
    const float *values;
    int64_t i;

    if (tensor->n_elements == 0)
        return false;
    if (oq_dtype_is_integer(tensor->dtype)) {
        for (size_t k = 0; k < tensor->n_elements; k++) {
            if (!oq_tensor_int(tensor, k, &i) || i != (int64_t)wanted)
                return false;
        }
        return true;
    }
    if (tensor->dtype != OQ_FLOAT)
        return false;
    values = oq_tensor_as_floats(tensor, arena);
    for (size_t k = 0; values && k < tensor->n_elements; k++) {
        if (values[k] != wanted || !signbit(values[k]) != !signbit(wanted))
            return false;
    }
    return values != NULL;
}

/* Is input i the element that leaves x, the other input, as it is? */
static bool is_neutral(const oq_node *node, int i, float neutral, oq_pass_ctx *ctx)
{
    const oq_tensor *constant = oq_node_input_constant(node, i);
    const oq_value *x = oq_node_input(node, 1 - i);

    return constant && x && x->dtype == constant->dtype && fits_inside(constant, x, node->outputs[0]) &&
           is_filled_with(constant, neutral, ctx->arena);
}

/* Which input of an arithmetic node passes through; -1: none. */
static int passed_through(const oq_node *node, oq_pass_ctx *ctx)
{
    static const struct {
        const char *op_type;
        float neutral;
        bool on_left; /* the constant may also be input 0 */
    } rows[] = {{"Mul", 1.0f, true}, {"Div", 1.0f, false}, {"Add", -0.0f, true}, {"Sub", 0.0f, false}};

    for (size_t i = 0; node->n_inputs == 2 && i < sizeof rows / sizeof *rows; i++) {
        if (!oq_node_is(node, rows[i].op_type))
            continue;
        if (is_neutral(node, 1, rows[i].neutral, ctx))
            return 0;
        if (rows[i].on_left && is_neutral(node, 0, rows[i].neutral, ctx))
            return 1;
    }
    return -1;
}

/* ---- transposes */

static bool permutation_of(const oq_node *node, int64_t *perm, int *rank)
{
    size_t n;
    const int64_t *given = oq_node_ints(node, "perm", &n);

    if (given) {
        if (n > OQ_MAX_RANK)
            return false;
        memcpy(perm, given, n * sizeof *perm);
        *rank = (int)n;
    } else {
        *rank = node->inputs[0] ? node->inputs[0]->shape.rank : -1;
        for (int i = 0; i < *rank; i++)
            perm[i] = *rank - 1 - i;
    }
    for (int i = 0; i < *rank; i++) {
        if (perm[i] < 0 || perm[i] >= *rank)
            return false;
    }
    return *rank >= 0;
}

static bool moves_nothing(const int64_t *perm, int rank)
{
    for (int i = 0; i < rank; i++) {
        if (perm[i] != i)
            return false;
    }
    return true;
}

/* Read past a Transpose in front: one permutation instead of two. */
static oq_status merge_transposes(oq_node *node, oq_pass_ctx *ctx)
{
    oq_node *first = oq_node_producer(node, 0);
    int64_t p[OQ_MAX_RANK], q[OQ_MAX_RANK], both[OQ_MAX_RANK];
    int rank_p, rank_q;

    if (!oq_node_is(first, "Transpose") || !permutation_of(first, p, &rank_p) ||
        !permutation_of(node, q, &rank_q) || rank_p != rank_q)
        return OQ_OK;
    for (int i = 0; i < rank_q; i++)
        both[i] = p[q[i]];
    OQ_TRY(oq_node_set_input(node, 0, first->inputs[0]));
    OQ_TRY(oq_node_set_ints(node, "perm", both, (size_t)rank_q));
    ctx->changed++;
    return OQ_OK;
}

static bool is_idle_transpose(const oq_node *node, oq_pass_ctx *ctx)
{
    int64_t perm[OQ_MAX_RANK];
    int rank;

    (void)ctx;
    return permutation_of(node, perm, &rank) && moves_nothing(perm, rank);
}

/* ---- the table */

static const struct {
    const char *op_type;
    bool (*is_noop)(const oq_node *node, oq_pass_ctx *ctx);
} noops[] = {
    {"Identity", always},      {"Dropout", is_inference_dropout},
    {"Cast", is_same_cast},    {"Pad", is_empty_pad},
    {"Reshape", keeps_shape},  {"Flatten", keeps_shape},
    {"Squeeze", keeps_shape},  {"Expand", keeps_shape},
    {"Tile", keeps_shape},     {"Slice", is_whole_slice},
    {"Concat", has_one_input}, {"Sum", has_one_input},
    {"Max", has_one_input},    {"Min", has_one_input},
    {"Mean", has_one_input},   {"Transpose", is_idle_transpose},
};

static int source_input(const oq_node *node, oq_pass_ctx *ctx)
{
    for (size_t i = 0; node->inputs[0] && i < sizeof noops / sizeof *noops; i++) {
        if (oq_node_is(node, noops[i].op_type))
            return noops[i].is_noop(node, ctx) ? 0 : -1;
    }
    return passed_through(node, ctx);
}

static oq_status clean(oq_graph *graph, void *arg)
{
    oq_pass_ctx *ctx = arg;
    oq_node *node, *next;

    OQ_FOR_EACH_NODE_SAFE (graph, node, next) {
        int source;

        if (node->n_inputs < 1 || node->n_outputs < 1 || !node->outputs[0])
            continue;
        if (oq_node_is(node, "Transpose"))
            OQ_TRY(merge_transposes(node, ctx));
        source = source_input(node, ctx);
        if (source >= 0 && oq_node_bypass(node, node->inputs[source]))
            ctx->changed++;
    }
    return OQ_OK;
}

oq_status oq_remove_noops(oq_graph *graph, oq_pass_ctx *ctx)
{
    return oq_graph_walk(graph, clean, ctx);
}
