/* fuse_activation: bring clamps into the one form that placement absorbs.
 *
 *     Max(x, 0), Clip(x, 0, -)                        =>  Relu(x)
 *     Min(Max(x, a), b), Max(Min(x, b), a)              =>  Clip(x, a, b)         a <= b, numbers
 *     Clip(Relu(x), a, b), Relu(Clip(x, a, b)), Clip(Clip(x, a, b), c, d), Relu(Relu(x))
 *                                                      =>  one Clip or Relu
 *     Clip(x, -, -)                                    =>  x
 *
 * Two clamps are one: clamp(clamp(x, a, b), c, d) = clamp(x, clamp(a, c, d), clamp(b, c, d)) for a <= b, c <=
 * d.
 *
 * Whether a Relu or Clip needs no quantization of its own (absorption) is not stored in the graph: placement
 * decides it from the range of the output, and all it needs is to meet a Relu or a Clip. Must not fire when
 * the inner result has another reader, when a > b (then the order counts), when a bound is computed or NaN,
 * when a constant widens x, for a Max or Min alone (unless it is a Relu), or below opset 11, where Clip has
 * no inputs. Flags: CLOSE (a NaN, and the sign of a zero, may come out otherwise).
 */
#include <math.h>

#include "pass/edit.h"

/* y = min(max(x, low), high); an absent bound is infinite. */
typedef struct {
    oq_value *x;
    float low, high;
} clamp;

static bool scalar_of(const oq_value *value, float *out)
{
    const oq_tensor *tensor = oq_value_constant(value);

    return tensor && tensor->dtype == OQ_FLOAT && tensor->n_elements == 1 && oq_tensor_floats(tensor, out) &&
           !isnan(*out);
}

/* Max or Min of x and one number. */
static bool describe_extremum(const oq_node *node, clamp *c)
{
    bool is_max = oq_node_is(node, "Max");
    float bound;

    if (node->n_inputs != 2 || !node->inputs[0] || !node->inputs[1])
        return false;
    for (int i = 0; i < 2; i++) {
        oq_value *x = node->inputs[1 - i];

        if (!scalar_of(node->inputs[i], &bound) || x->constant ||
            x->shape.rank < node->inputs[i]->constant->rank)
            continue;
        *c = (clamp){x, is_max ? bound : -INFINITY, is_max ? INFINITY : bound};
        return true;
    }
    return false;
}

static bool describe_clip(const oq_node *node, clamp *c)
{
    *c = (clamp){node->inputs[0], -INFINITY, INFINITY};
    if (oq_node_input(node, 1) && !scalar_of(node->inputs[1], &c->low))
        return false;
    return !oq_node_input(node, 2) || scalar_of(node->inputs[2], &c->high);
}

static bool describe(const oq_node *node, clamp *c)
{
    bool is_clamp = false;

    if (!node || node->n_inputs < 1 || node->n_outputs != 1 || !node->inputs[0])
        return false;
    if (oq_node_is(node, "Relu")) {
        *c = (clamp){node->inputs[0], 0, INFINITY};
        is_clamp = true;
    } else if (oq_node_is(node, "Clip") && node->opset >= 11) {
        is_clamp = describe_clip(node, c);
    } else if (oq_node_is(node, "Max") || oq_node_is(node, "Min")) {
        is_clamp = describe_extremum(node, c);
    }
    return is_clamp && c->x->dtype == OQ_FLOAT && c->low <= c->high;
}

static float clamped(float bound, const clamp *c)
{
    return fminf(fmaxf(bound, c->low), c->high);
}

static bool is_relu(const clamp *c)
{
    return c->low == 0 && c->high == INFINITY;
}

static bool is_canonical(const oq_node *node, const clamp *c)
{
    return oq_node_is(node, "Relu") || (oq_node_is(node, "Clip") && !is_relu(c));
}

static oq_status set_bound(oq_node *node, int index, const char *suffix, float bound)
{
    oq_arena *arena = node->graph->model->arena;
    char *name = oq_arena_printf(arena, "%s_%s", node->outputs[0]->name, suffix);
    oq_value *value = NULL;

    if (isfinite(bound)) {
        value =
            name ? oq_graph_add_initializer(node->graph, name, oq_tensor_scalar_float(arena, bound)) : NULL;
        if (!value)
            return OQ_NOMEM;
    }
    return value ? oq_node_set_input(node, index, value) : OQ_OK;
}

static oq_status write_clamp(oq_node *node, const clamp *c)
{
    oq_node_truncate_inputs(node, 0);
    OQ_TRY(oq_node_set_input(node, 0, c->x));
    oq_node_set_type(node, is_relu(c) ? "Relu" : "Clip", "");
    if (is_relu(c))
        return OQ_OK;
    OQ_TRY(set_bound(node, 1, "min", c->low));
    return set_bound(node, 2, "max", c->high);
}

/* Take the clamp in front into node. */
static oq_status merge(oq_node *node, const clamp *outer, oq_pass_ctx *ctx)
{
    oq_node *inner_node = outer->x->producer;
    clamp inner, both;

    if (!describe(inner_node, &inner) || oq_node_single_reader(inner_node) != node)
        return OQ_OK;
    both = (clamp){inner.x, clamped(inner.low, outer), clamped(inner.high, outer)};
    OQ_TRY(write_clamp(node, &both));
    oq_node_remove(inner_node);
    ctx->changed++;
    return OQ_OK;
}

static oq_status simplify(oq_node *node, oq_pass_ctx *ctx)
{
    clamp c;

    if (node->opset < 11 || !describe(node, &c))
        return OQ_OK;
    OQ_TRY(merge(node, &c, ctx));
    describe(node, &c);
    if (oq_node_is(node, "Clip") && c.low == -INFINITY && c.high == INFINITY) {
        ctx->changed += oq_node_bypass(node, c.x);
        return OQ_OK;
    }
    if (!is_relu(&c) || is_canonical(node, &c))
        return OQ_OK;
    ctx->changed++;
    return write_clamp(node, &c);
}

static oq_status fuse(oq_graph *graph, void *arg)
{
    oq_node *node, *next;

    OQ_FOR_EACH_NODE_SAFE (graph, node, next)
        OQ_TRY(simplify(node, arg));
    return OQ_OK;
}

oq_status oq_fuse_activation(oq_graph *graph, oq_pass_ctx *ctx)
{
    return oq_graph_walk(graph, fuse, ctx);
}
