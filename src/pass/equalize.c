/* equalize: scale the channels of a value in front of its rounding, and back inside the units that read it.
 *
 *     t -> pair -> Conv(W)    =>    t * 1/s -> pair -> Conv(W[:, c] * s)
 *
 * 1/s goes into what stands in front where that is free (factor_home.h), else a Mul is put there. Where float
 * readers read the pair of a Conv's result (placement integer-kernels), they get Mul(pair, s): the pair then
 * acts as one with a scale per channel, and still lets the Conv run in integers. A shift goes the same way:
 * t - m in front, W m into the bias behind. Which s and m: quant/equalizer.h.
 *
 * Must not fire on a value that anything but a unit with a constant weight reads quantized, on one whose
 * channels were not observed in every fold of the samples, nor on a graph output where that would change it.
 * Flags: QUANT (exact up to float rounding; pairs come later).
 */
#include "pass/equalize.h"

#include <math.h>

#include "pass/edit.h"
#include "pass/factor_home.h"
#include "pass/unit_scale.h"
#include "quant/equalizer.h"

enum { MOST_READERS = 32 };

typedef struct {
    oq_value *value;
    size_t n;
    int axis;
    oq_node *units[MOST_READERS];
    int n_units;
    oq_use back[MOST_READERS]; /* float readers that get the channels scaled back */
    int n_back;
    oq_factor_home home;
    oq_equalize_choice choice;
} candidate;

/* ---- candidates */

static bool is_weighted_unit(const oq_plan *plan, oq_use use)
{
    int axis;

    return plan->nodes[use.node->id].kind == OQ_NODE_INTEGER && use.index == 0 &&
           oq_unit_input_channels(use.node, &axis) > 0;
}

/* Sort the quantized readers; false when one of them cannot take a factor. *all: no other readers. */
static bool sort_readers(const oq_plan *plan, candidate *c, bool *all)
{
    const oq_value *t = c->value;

    *all = true;
    for (int i = 0; i < t->n_uses; i++) {
        oq_use use = t->uses[i];

        if (!oq_plan_reads_quantized(plan, use)) {
            *all = false;
        } else if (is_weighted_unit(plan, use)) {
            if (c->n_units == MOST_READERS)
                return false;
            c->units[c->n_units++] = use.node;
        } else if (plan->nodes[use.node->id].kind == OQ_NODE_FLOAT && use.node->graph == t->graph) {
            if (c->n_back == MOST_READERS)
                return false;
            c->back[c->n_back++] = use;
        } else {
            return false;
        }
    }
    return true;
}

/* All units agree on the channels. */
static bool settle_channels(candidate *c)
{
    int rank = c->value->shape.rank;

    for (int i = 0; i < c->n_units; i++) {
        int axis;
        size_t n = oq_unit_input_channels(c->units[i], &axis);

        axis = axis == 1 && rank == 2 ? -1 : axis;
        if (i > 0 && (n != c->n || axis != c->axis))
            return false;
        c->n = n;
        c->axis = axis;
    }
    if (c->n_units == 0 && rank > 1 && c->value->shape.dims[1].size > 0) {
        c->n = (size_t)c->value->shape.dims[1].size;
        c->axis = rank == 2 ? -1 : 1;
    }
    return c->n > 1 && rank >= 2;
}

static bool make_candidate(const oq_plan *plan, oq_value *value, candidate *c)
{
    bool all;

    *c = (candidate){.value = value};
    if (value->id >= plan->n_values || !plan->values[value->id].has_pair || value->dtype != OQ_FLOAT ||
        plan->values[value->id].source == OQ_RANGE_MODEL || plan->values[value->id].source == OQ_RANGE_USER ||
        !sort_readers(plan, c, &all) || c->n_units + c->n_back == 0 || !settle_channels(c))
        return false;
    if (all)
        c->home = oq_find_factor_home(value, c->n, c->axis);
    if (c->n_back == 0)
        return true;
    return plan->options.placement == OQ_PLACE_INTEGER_KERNELS && c->home.kind == OQ_HOME_UNIT &&
           !c->home.clip && oq_node_is(c->home.node, "Conv");
}

size_t oq_equalize_candidate(const oq_plan *plan, const oq_value *value, int *axis)
{
    candidate c;

    if (!make_candidate(plan, (oq_value *)(uintptr_t)value, &c)) /* looked at only */
        return 0;
    *axis = c.axis;
    return c.n;
}

/* ---- choosing */

static bool may_shift(const candidate *c)
{
    for (int i = 0; i < c->n_units; i++) {
        if (!oq_unit_can_shift_input(c->units[i]))
            return false;
    }
    return c->value->producer != NULL;
}

/* A float reader weighs as much as the units do on average. */
static oq_status float_reader(const oq_equalize_reader *units, int n_units, size_t n, oq_arena *arena,
                              oq_equalize_reader *out)
{
    double *square = OQ_NEW_ARRAY(arena, double, n), mean = 0;

    if (!square)
        return OQ_NOMEM;
    for (int i = 0; i < n_units; i++) {
        for (size_t c = 0; c < n; c++)
            mean += units[i].square[c] / (double)n / n_units;
    }
    for (size_t c = 0; c < n; c++)
        square[c] = n_units ? mean : 1;
    *out = (oq_equalize_reader){.square = square};
    return OQ_OK;
}

static bool is_observed(const oq_channels *channels, size_t n)
{
    double largest = 0;

    if (!channels || channels->n != n)
        return false;
    for (int f = 0; f < channels->n_folds; f++) {
        const oq_channel_fold *fold = &channels->fold[f];

        if (fold->n_rows == 0)
            return false;
        for (size_t c = 0; c < n; c++) {
            if (!isfinite(fold->lo[c]) || !isfinite(fold->hi[c]))
                return false;
            largest = fmax(largest, fmax(fabs((double)fold->lo[c]), fabs((double)fold->hi[c])));
        }
    }
    return largest > 0;
}

static oq_status choose(candidate *c, oq_pass_ctx *ctx)
{
    const oq_channels *channels = ctx->plan->channels[c->value->id];
    oq_equalize_reader readers[MOST_READERS + 1];
    oq_equalize_options options = ctx->plan->options.equalize;
    int n_readers = c->n_units;

    for (int i = 0; i < c->n_units; i++)
        OQ_TRY(oq_unit_reader(c->units[i], ctx->arena, &readers[i]));
    if (c->n_back)
        OQ_TRY(float_reader(readers, c->n_units, c->n, ctx->arena, &readers[n_readers++]));
    options.only_full = c->home.clip != NULL;
    options.may_shift = options.may_shift && may_shift(c);
    if (!c->home.takes_shift || c->n_back)
        options.shift_threshold = options.shift_node_threshold;
    if (c->home.kind == OQ_HOME_NONE)
        options.threshold = options.node_threshold;
    return oq_equalize_choose(channels, readers, (size_t)n_readers, &options, ctx->plan->arena, &c->choice);
}

/* ---- applying */

static oq_node *insert(oq_value *behind, const char *op_type, const float *values, const candidate *c,
                       const char *suffix)
{
    oq_graph *graph = behind->graph;
    oq_arena *arena = graph->model->arena;
    const char *out = oq_arena_printf(arena, "%s_%s", c->value->name, suffix);
    const char *constant = oq_arena_printf(arena, "%s_%s_constant", c->value->name, suffix);
    oq_value *inputs[2] = {
        behind, oq_add_channel_constant(graph, constant, values, c->n, c->axis, behind->shape.rank)};
    oq_node *node;

    if (!inputs[1] || !out)
        return NULL;
    node = oq_node_new(graph, behind->producer ? behind->producer->next : graph->first, op_type, "", out,
                       inputs, 2, 1, &out);
    if (node)
        oq_value_set_type(node->outputs[0], OQ_FLOAT, &behind->shape);
    return node;
}

/* The readers among `uses` of value read replacement. */
static oq_status redirect(oq_value *value, oq_value *replacement, const candidate *c)
{
    for (int i = 0; i < c->n_units; i++) {
        if (c->units[i]->inputs[0] == value)
            OQ_TRY(oq_node_set_input(c->units[i], 0, replacement));
    }
    return OQ_OK;
}

/* 1/s and -m/s in front of t: folded, or as nodes. *out: what the readers read. */
static oq_status scale_front(candidate *c, const float *inverse, const float *add, oq_arena *scratch,
                             oq_value **out)
{
    bool is_folded = c->home.kind != OQ_HOME_NONE, has_factor = c->choice.factor != NULL;
    bool takes_add = add && is_folded && c->home.takes_shift;
    oq_value *value = c->value;
    oq_node *node;

    if (is_folded && (has_factor || takes_add))
        OQ_TRY(
            oq_fold_factor(&c->home, c->n, c->axis, inverse, takes_add ? add : NULL, c->choice.hi, scratch));
    if (!is_folded && has_factor) {
        node = insert(value, "Mul", inverse, c, "scaled");
        if (!node)
            return OQ_NOMEM;
        value = node->outputs[0];
    }
    if (add && !takes_add) {
        node = insert(value, "Add", add, c, "centred");
        if (!node)
            return OQ_NOMEM;
        value = node->outputs[0];
    }
    *out = value;
    return redirect(c->value, value, c);
}

/* Float readers get s * t (+ m). */
static oq_status scale_back(const candidate *c, oq_value *value)
{
    oq_node *node;

    if (!c->n_back)
        return OQ_OK;
    if (c->choice.factor) {
        node = insert(value, "Mul", c->choice.factor, c, "rescaled");
        if (!node)
            return OQ_NOMEM;
        value = node->outputs[0];
    }
    if (c->choice.shift) {
        node = insert(value, "Add", c->choice.shift, c, "restored");
        if (!node)
            return OQ_NOMEM;
        value = node->outputs[0];
    }
    for (int i = 0; i < c->n_back; i++)
        OQ_TRY(oq_node_set_input(c->back[i].node, c->back[i].index, value));
    return OQ_OK;
}

/* Range of the value the pair now stands on. */
static oq_status note_range(const candidate *c, const oq_value *value, oq_pass_ctx *ctx)
{
    const oq_channels *channels = ctx->plan->channels[c->value->id];
    float margin = ctx->plan->options.equalize.shift_margin;
    oq_plan_value *planned;

    OQ_TRY(oq_plan_fit(ctx->plan, value->graph->model));
    planned = &ctx->plan->values[value->id];
    planned->lo = planned->judge_lo = c->choice.lo;
    planned->hi = planned->judge_hi = c->choice.hi;
    if (channels->held_lo && !c->home.clip) { /* behind a clip nothing is larger */
        float lo, hi;

        oq_equalize_range(&c->choice, c->n, channels->held_lo, channels->held_hi, margin, &lo, &hi);
        planned->lo = fminf(planned->lo, lo);
        planned->hi = fmaxf(planned->hi, hi);
    }
    planned->is_equalized = true;
    return OQ_OK;
}

static oq_status apply(candidate *c, oq_pass_ctx *ctx)
{
    const oq_equalize_choice *choice = &c->choice;
    float *inverse = OQ_NEW_ARRAY(ctx->arena, float, c->n), *add = OQ_NEW_ARRAY(ctx->arena, float, c->n);
    oq_value *value;

    if (!inverse || !add)
        return OQ_NOMEM;
    for (size_t i = 0; i < c->n; i++) {
        inverse[i] = choice->factor ? 1 / choice->factor[i] : 1;
        add[i] = choice->shift ? -choice->shift[i] * inverse[i] : 0;
    }
    for (int i = 0; i < c->n_units; i++) {
        if (choice->shift)
            OQ_TRY(oq_unit_shift_input(c->units[i], choice->shift, ctx->arena));
        if (choice->factor)
            OQ_TRY(oq_unit_scale_input(c->units[i], choice->factor, ctx->arena));
    }
    if (c->home.clip && choice->shift)
        c->home.kind = OQ_HOME_NONE; /* its bound would have to move */
    OQ_TRY(scale_front(c, inverse, choice->shift ? add : NULL, ctx->arena, &value));
    OQ_TRY(scale_back(c, value));
    ctx->changed++;
    return note_range(c, value, ctx);
}

static oq_status equalize_value(oq_value *value, oq_pass_ctx *ctx)
{
    candidate c;

    if (value->id >= ctx->plan->n_channels || !make_candidate(ctx->plan, value, &c) ||
        !is_observed(ctx->plan->channels[value->id], c.n))
        return OQ_OK;
    OQ_TRY(choose(&c, ctx));
    return c.choice.factor || c.choice.shift ? apply(&c, ctx) : OQ_OK;
}

oq_status oq_equalize(oq_graph *graph, oq_pass_ctx *ctx)
{
    oq_node *node, *next;

    if (!ctx->plan->channels)
        return OQ_OK;
    for (int i = 0; i < graph->n_inputs; i++)
        OQ_TRY(equalize_value(graph->inputs[i], ctx));
    OQ_FOR_EACH_NODE_SAFE (graph, node, next) {
        for (int i = 0; i < node->n_outputs; i++) {
            if (node->outputs[i])
                OQ_TRY(equalize_value(node->outputs[i], ctx));
        }
    }
    return OQ_OK;
}
