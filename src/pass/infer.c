/* The row of an operator says what its outputs are; this file carries the answers from node to node.
 *
 * A file may declare types of its own (value_info). What we find and what it says are merged: sizes from
 * either, but a size the file claims for a dimension that we know to be a symbol is not believed, since an
 * exporter that traced with batch 1 writes 1 everywhere, and the symbol must not silently become 1. Where
 * both are numbers and differ, neither is believed.
 */
#include "pass/infer.h"

#include <string.h>

#include "ir/print.h"
#include "pass/edit.h"

#define LEAST_SLOTS 16 /* rows may look at optional inputs of short nodes: those read as omitted */

static bool is_small_integers(const oq_tensor *tensor)
{
    return (tensor->dtype == OQ_INT64 || tensor->dtype == OQ_INT32) && tensor->rank <= 1 &&
           tensor->n_elements <= OQ_MAX_ELEMS;
}

/* Contents of value: collected before, or those of its constant. */
static const oq_elems *contents_of(oq_inferrer *s, const oq_value *value)
{
    const oq_tensor *tensor = oq_value_constant(value);
    oq_elems *elems;

    if ((size_t)value->id >= s->n_values)
        return NULL;
    if (s->contents[value->id] || !tensor || !is_small_integers(tensor))
        return s->contents[value->id];
    elems = OQ_NEW(s->ctx->arena, oq_elems);
    if (!elems)
        return NULL;
    elems->rank = tensor->rank;
    elems->n = (int)tensor->n_elements;
    for (int i = 0; i < elems->n; i++)
        elems->e[i].is_known = oq_tensor_int(tensor, (size_t)i, &elems->e[i].value);
    s->contents[value->id] = elems;
    return elems;
}

static oq_type type_of(const oq_value *value)
{
    if (!value || value->is_opaque_type)
        return (oq_type){OQ_UNDEFINED, oq_shape_unknown()};
    return (oq_type){value->dtype, value->shape};
}

/* Room for n inputs and outputs; the slots are cleared. */
static bool clear_slots(oq_inferrer *s, int n)
{
    oq_type unknown = {OQ_UNDEFINED, oq_shape_unknown()};

    if (n > s->n_slots) {
        s->n_slots = n > LEAST_SLOTS ? 2 * n : LEAST_SLOTS;
        s->in = OQ_NEW_ARRAY(s->ctx->arena, oq_type, s->n_slots);
        s->out = OQ_NEW_ARRAY(s->ctx->arena, oq_type, s->n_slots);
        s->in_elems = OQ_NEW_ARRAY(s->ctx->arena, const oq_elems *, s->n_slots);
        if (!s->in || !s->out || !s->in_elems)
            return false;
    }
    for (int i = 0; i < s->n_slots; i++) {
        s->in[i] = s->out[i] = unknown;
        s->in_elems[i] = NULL;
    }
    return true;
}

static oq_dim merge_dim(oq_dim found, oq_dim declared, bool *conflict)
{
    if (found.size >= 0 && declared.size >= 0 && found.size != declared.size) {
        *conflict = true;
        return oq_dim_unknown();
    }
    if (found.size >= 0 || found.symbol)
        return found;
    return declared;
}

static void note_conflict(oq_inferrer *s, const oq_value *value, const oq_type *found)
{
    char declared[256], inferred[256];

    oq_pass_note(s->ctx, "value '%s' is declared %s%s but computed as %s%s; the differing part is not used",
                 value->name, oq_dtype_name(value->dtype),
                 oq_shape_text(&value->shape, declared, sizeof declared), oq_dtype_name(found->dtype),
                 oq_shape_text(&found->shape, inferred, sizeof inferred));
}

static oq_shape merge_shape(const oq_shape *found, const oq_shape *declared, bool *conflict)
{
    oq_shape merged = *found;

    if (found->rank < 0)
        return *declared;
    if (declared->rank < 0)
        return *found;
    if (found->rank != declared->rank) {
        *conflict = true;
        return oq_shape_unknown();
    }
    for (int i = 0; i < found->rank; i++)
        merged.dims[i] = merge_dim(found->dims[i], declared->dims[i], conflict);
    return merged;
}

static bool same_shape(const oq_shape *a, const oq_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++) {
        if (a->dims[i].size != b->dims[i].size || a->dims[i].symbol != b->dims[i].symbol)
            return false;
    }
    return true;
}

void oq_infer_apply(oq_inferrer *s, oq_value *value, const oq_type *found)
{
    bool conflict = false;
    oq_shape shape;
    oq_dtype dtype;

    if (!value || value->is_opaque_type)
        return;
    shape = merge_shape(&found->shape, &value->shape, &conflict);
    dtype = found->dtype != OQ_UNDEFINED ? found->dtype : value->dtype;
    if (conflict || (value->dtype != OQ_UNDEFINED && value->dtype != dtype))
        note_conflict(s, value, found);
    if (dtype == value->dtype && same_shape(&shape, &value->shape))
        return;
    oq_value_set_type(value, dtype, &shape);
    s->ctx->changed++;
}

static bool inputs_are_static(const oq_inferrer *s, const oq_node *node)
{
    for (int i = 0; i < node->n_inputs; i++) {
        if (node->inputs[i] && !oq_shape_is_static(&s->in[i].shape))
            return false;
    }
    return true;
}

/* The row refused. Only a node whose inputs are fully known is really wrong; else less is known, no more. */
static oq_status judge(oq_inferrer *s, const oq_node *node, oq_status status, const oq_diag *diag)
{
    char where[256];

    if (status == OQ_NOMEM || status == OQ_INTERNAL || (status == OQ_SHAPE && inputs_are_static(s, node))) {
        if (s->ctx->diag)
            *s->ctx->diag = *diag;
        return status;
    }
    oq_pass_note(s->ctx, "%s: shape not known (%s)", oq_node_text(node, where, sizeof where),
                 diag->message[0] ? diag->message : "no reason given");
    return OQ_OK;
}

static oq_status keep_contents(oq_inferrer *s, const oq_node *node)
{
    const oq_value *value = node->n_outputs ? node->outputs[0] : NULL;
    oq_elems *elems;

    if (!value || (size_t)value->id >= s->n_values)
        return OQ_OK;
    elems = oq_arena_copy(s->ctx->arena, s->out_elems, sizeof *elems);
    if (!elems)
        return OQ_NOMEM;
    s->contents[value->id] = elems;
    return OQ_OK;
}

static oq_status infer_by_row(oq_inferrer *s, oq_node *node)
{
    oq_diag diag = {.status = OQ_OK};
    oq_infer ctx = {.node = node,
                    .n_in = node->n_inputs,
                    .n_out = node->n_outputs,
                    .in = s->in,
                    .in_elems = s->in_elems,
                    .out = s->out,
                    .out_elems = s->out_elems,
                    .arena = s->ctx->arena,
                    .diag = &diag};
    oq_status status = OQ_OK;

    for (int i = 0; i < node->n_inputs; i++) {
        s->in[i] = type_of(node->inputs[i]);
        s->in_elems[i] = node->inputs[i] ? contents_of(s, node->inputs[i]) : NULL;
    }
    memset(s->out_elems, 0, sizeof *s->out_elems);
    if (node->op->infer)
        status = node->op->infer(&ctx);
    else
        s->out[0] = s->in[0];
    if (status != OQ_OK)
        return judge(s, node, status, &diag);
    for (int i = 0; i < node->n_outputs; i++)
        oq_infer_apply(s, node->outputs[i], &s->out[i]);
    return ctx.has_out_elems ? keep_contents(s, node) : OQ_OK;
}

/* Constant has no inputs to infer from; its tensor says everything. */
static oq_status infer_constant(oq_inferrer *s, oq_node *node)
{
    const oq_tensor *tensor = oq_constant_node_tensor(node);
    oq_type type = {OQ_UNDEFINED, oq_shape_unknown()};

    if (!tensor || node->n_outputs != 1 || !node->outputs[0])
        return OQ_OK;
    type.dtype = tensor->dtype;
    if (!oq_tensor_shape(tensor, &type.shape))
        type.shape = oq_shape_unknown();
    oq_infer_apply(s, node->outputs[0], &type);
    if (!is_small_integers(tensor))
        return OQ_OK;
    memset(s->out_elems, 0, sizeof *s->out_elems);
    s->out_elems->rank = tensor->rank;
    s->out_elems->n = (int)tensor->n_elements;
    for (int i = 0; i < s->out_elems->n; i++)
        s->out_elems->e[i].is_known = oq_tensor_int(tensor, (size_t)i, &s->out_elems->e[i].value);
    return keep_contents(s, node);
}

static bool has_subgraphs(const oq_node *node)
{
    for (int i = 0; i < node->n_attrs; i++) {
        if (node->attrs[i].graph || node->attrs[i].graphs)
            return true;
    }
    return false;
}

static oq_status infer_node(oq_inferrer *s, oq_node *node)
{
    int n = node->n_inputs > node->n_outputs ? node->n_inputs : node->n_outputs;

    if (has_subgraphs(node))
        return oq_infer_control(s, node);
    if (oq_node_is(node, "Constant"))
        return infer_constant(s, node);
    if (!node->op || (node->op->flags & OQ_OP_CONTROL))
        return OQ_OK;
    if (node->n_inputs < node->op->min_in || node->n_outputs < 1)
        return OQ_OK; /* malformed: exec refuses it with its reason */
    if (!clear_slots(s, n > node->op->max_in ? n : node->op->max_in))
        return OQ_NOMEM;
    return infer_by_row(s, node);
}

oq_status oq_infer_nodes(oq_inferrer *s, oq_graph *graph)
{
    OQ_FOR_EACH_NODE (graph, node)
        OQ_TRY(infer_node(s, node));
    return OQ_OK;
}

oq_status oq_infer_graph(oq_graph *graph, oq_pass_ctx *ctx, oq_inferrer *s)
{
    *s = (oq_inferrer){.ctx = ctx, .n_values = (size_t)graph->model->n_values};
    s->contents = OQ_NEW_ARRAY(ctx->arena, const oq_elems *, s->n_values + 1);
    s->out_elems = OQ_NEW(ctx->arena, oq_elems);
    if (!s->contents || !s->out_elems || !clear_slots(s, LEAST_SLOTS))
        return OQ_NOMEM;
    return oq_infer_nodes(s, graph);
}
