/* layout: a minimum cut decides which steps run channels-last.
 *
 * A step that can is a node of a network; its side of the cut is its layout (source: channels-last). Running
 * in the layout it likes less costs what layout_role.c says. A value costs one conversion when its producer
 * is on one side and any of its readers on the other, so that twenty readers pay once:
 *
 *     u[v] on the source's side when some reader is; then a plain producer costs a conversion
 *     t[v] on the sink's side when some reader is; then a channels-last producer costs one
 *
 * Graph inputs, results, bodies and operators without layout rule are plain. Of equal choices the one with
 * the fewest channels-last steps is taken: a graph without convolutions stays as it is.
 */
#include "exec/layout.h"

#include "exec/layout_cut.h"
#include "exec/layout_rewrite.h"

enum { STEP_COST = 512 }; /* bytes one could move in the time of one more step */

typedef struct chooser {
    oq_compiler *c;
    oq_sequence *sequence;
    oq_layout_ranks ranks;
    oq_layout_role *roles; /* by step */
    int *node;             /* by step: of the network */
    int *source;           /* by value id: node of its producer */
    int *u, *t;            /* by value id: 0: none */
    bool *is_plain_read;   /* by value id: some reader takes it plain whatever happens */
    oq_cut cut;
} chooser;

/* ---- ranks where shapes do not tell */

static void note_rank(chooser *h, const oq_value *value, int rank)
{
    if (value && rank >= 0 && rank <= OQ_MAX_RANK && oq_layout_rank(&h->ranks, value) < 0)
        h->ranks.by_id[value->id] = (int8_t)rank;
}

static void note_ranks(chooser *h, const oq_step *step)
{
    int rank = -1;

    if (step->bodies || !step->op || step->op->layout == OQ_LAYOUT_PLAIN ||
        step->op->layout == OQ_LAYOUT_AXIS || step->n_in == 0 || !step->in[0])
        return;
    if (oq_node_is(step->node, "Conv") && step->n_in > 1 && step->in[1])
        note_rank(h, step->in[0], oq_layout_rank(&h->ranks, step->in[1]));
    for (int i = 0; i < (step->op->layout == OQ_LAYOUT_POINT ? step->n_in : 1); i++) {
        int r = step->in[i] ? oq_layout_rank(&h->ranks, step->in[i]) : 0;

        if (r < 0)
            return;
        rank = r > rank ? r : rank;
    }
    for (int i = 0; i < step->n_out; i++)
        note_rank(h, step->out[i], rank);
}

/* ---- the network */

static bool is_linked(const oq_layout_role *role, int i)
{
    return role->can && i < 64 && (role->linked >> i & 1);
}

static void mark_plain_reads(chooser *h, const oq_sequence *sequence, bool is_main)
{
    for (size_t s = 0; s < sequence->n_steps; s++) {
        const oq_step *step = &sequence->steps[s];

        for (int i = 0; i < step->n_in; i++) {
            if (step->in[i] && !(is_main && is_linked(&h->roles[s], i)))
                h->is_plain_read[step->in[i]->id] = true;
        }
        for (int b = 0; step->bodies && step->bodies[b]; b++)
            mark_plain_reads(h, step->bodies[b], false);
    }
    for (int i = 0; i < sequence->graph->n_outputs; i++)
        h->is_plain_read[sequence->graph->outputs[i]->id] = true;
}

static int64_t conversion_cost(const oq_value *value)
{
    return oq_layout_bytes(value) + STEP_COST;
}

static void add_value(chooser *h, const oq_value *value)
{
    int p = h->source[value->id], *t = &h->t[value->id];

    if (p == OQ_CUT_SINK || *t)
        return;
    *t = oq_cut_node(&h->cut);
    oq_cut_edge_add(&h->cut, p, *t, conversion_cost(value));
    if (h->is_plain_read[value->id])
        oq_cut_edge_add(&h->cut, *t, OQ_CUT_SINK, OQ_CUT_NEVER);
}

static void add_reading(chooser *h, const oq_value *value, int reader)
{
    int p = h->source[value->id], *u = &h->u[value->id];

    add_value(h, value);
    if (!*u) {
        *u = oq_cut_node(&h->cut);
        oq_cut_edge_add(&h->cut, *u, p, conversion_cost(value));
    }
    oq_cut_edge_add(&h->cut, reader, *u, OQ_CUT_NEVER);
    if (h->t[value->id])
        oq_cut_edge_add(&h->cut, h->t[value->id], reader, OQ_CUT_NEVER);
}

static bool make_network(chooser *h)
{
    size_t n_steps = h->sequence->n_steps, n_values = (size_t)h->c->n_values, n_readings = 0;

    for (size_t s = 0; s < n_steps; s++)
        n_readings += (size_t)h->sequence->steps[s].n_in;
    if (n_steps + n_values + n_readings > INT32_MAX / 16 ||
        !oq_cut_init(&h->cut, h->c->scratch, (int)(2 + n_steps + 2 * n_values),
                     (int)(2 * n_steps + 3 * n_values + 2 * n_readings)))
        return false;
    for (size_t v = 0; v < n_values; v++)
        h->source[v] = OQ_CUT_SINK;
    for (size_t s = 0; s < n_steps; s++) {
        const oq_step *step = &h->sequence->steps[s];
        const oq_layout_role *role = &h->roles[s];

        if (!role->can)
            continue;
        h->node[s] = oq_cut_node(&h->cut);
        oq_cut_edge_add(&h->cut, OQ_CUT_SOURCE, h->node[s], role->plain_cost);
        oq_cut_edge_add(&h->cut, h->node[s], OQ_CUT_SINK, role->last_cost);
        for (int i = 0; i < step->n_out && role->gives; i++) {
            if (step->out[i])
                h->source[step->out[i]->id] = h->node[s];
        }
    }
    for (size_t s = 0; s < n_steps; s++) {
        const oq_step *step = &h->sequence->steps[s];

        for (int i = 0; i < step->n_in; i++) {
            if (is_linked(&h->roles[s], i))
                add_reading(h, step->in[i], h->node[s]);
            else if (step->in[i])
                add_value(h, step->in[i]);
        }
        for (int i = 0; i < step->n_out; i++) {
            if (step->out[i] && h->is_plain_read[step->out[i]->id])
                add_value(h, step->out[i]);
        }
    }
    return true;
}

/* ---- the whole */

static bool make_tables(chooser *h)
{
    oq_arena *scratch = h->c->scratch;
    int n_values = h->c->n_values;

    h->ranks.c = h->c;
    h->ranks.by_id = oq_arena_alloc(scratch, (size_t)n_values + 1);
    h->roles = OQ_NEW_ARRAY(scratch, oq_layout_role, h->sequence->n_steps);
    h->node = OQ_NEW_ARRAY(scratch, int, h->sequence->n_steps);
    if (!h->ranks.by_id || !h->roles || !h->node)
        return false;
    for (int i = 0; i < n_values; i++)
        h->ranks.by_id[i] = -1;
    return true;
}

static oq_status find_roles(chooser *h, int64_t *gain)
{
    *gain = 0;
    for (size_t s = 0; s < h->sequence->n_steps; s++)
        note_ranks(h, &h->sequence->steps[s]);
    for (size_t s = 0; s < h->sequence->n_steps; s++) {
        OQ_TRY(oq_layout_role_of(h->c, &h->ranks, &h->sequence->steps[s], &h->roles[s]));
        if (h->roles[s].can)
            *gain += h->roles[s].plain_cost;
    }
    return OQ_OK;
}

oq_status oq_choose_layouts(oq_compiler *c, oq_sequence *sequence)
{
    chooser h = {.c = c, .sequence = sequence};
    int64_t gain;
    bool *is_last;

    if (!make_tables(&h))
        return OQ_NOMEM;
    OQ_TRY(find_roles(&h, &gain));
    if (gain == 0)
        return OQ_OK;
    h.source = OQ_NEW_ARRAY(c->scratch, int, c->n_values);
    h.u = OQ_NEW_ARRAY(c->scratch, int, c->n_values);
    h.t = OQ_NEW_ARRAY(c->scratch, int, c->n_values);
    h.is_plain_read = OQ_NEW_ARRAY(c->scratch, bool, c->n_values);
    is_last = OQ_NEW_ARRAY(c->scratch, bool, sequence->n_steps);
    if (!h.source || !h.u || !h.t || !h.is_plain_read || !is_last)
        return OQ_NOMEM;
    mark_plain_reads(&h, sequence, true);
    if (!make_network(&h))
        return OQ_NOMEM;
    oq_cut_solve(&h.cut);
    for (size_t s = 0; s < sequence->n_steps; s++)
        is_last[s] = h.roles[s].can && oq_cut_is_source(&h.cut, h.node[s]);
    return oq_layout_rewrite(c, sequence, h.roles, is_last);
}
