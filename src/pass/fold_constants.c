/* fold_constants: compute now what does not depend on the input.
 *
 *     Constant node                               =>  initializer
 *     W, p -> Transpose -> W'                      =>  initializer W', computed by the executor
 *     x [1,3,H0,W0] -> Shape -> Gather -> s        =>  initializer s, although x is no constant: infer_shapes
 *                                                      knows every element
 *
 * Must not fold QuantizeLinear, DequantizeLinear and the integer operators (a trained quantization would be
 * lost), random operators, nodes with subgraphs, or anything that reads an initializer the caller may
 * override. Must not let the file grow: one result may have at most fold_budget bytes, and so may all growth
 * together (what a result adds beyond the constants that die with its node). A node the executor cannot run
 * stays. A Constant that is a graph output stays: some runtimes refuse an initializer there. Flags: EXACT.
 */
#include <string.h>

#include "ir/print.h"
#include "pass/edit.h"
#include "pass/infer.h"

#define DEFAULT_BUDGET ((size_t)64 << 20)
#define EXEC_SLACK     ((size_t)1 << 20)

typedef struct {
    oq_pass_ctx *ctx;
    oq_inferrer known;    /* contents of shape tensors */
    size_t budget, grown; /* bytes */
} folder;

/* Let the output of node be this constant, and drop the node. */
static oq_status become_constant(oq_node *node, oq_tensor *const *tensors)
{
    for (int i = 0; i < node->n_outputs; i++) {
        if (node->outputs[i] && tensors[i])
            OQ_TRY(oq_value_set_constant(node->outputs[i], tensors[i]));
    }
    oq_node_remove(node);
    return OQ_OK;
}

static bool outputs_are_inner(const oq_node *node)
{
    for (int i = 0; i < node->n_outputs; i++) {
        const oq_value *value = node->outputs[i];

        if (value && (value->is_output || value->is_opaque_type))
            return false;
    }
    return node->n_outputs > 0;
}

/* ---- through the executor */

static bool has_subgraph(const oq_node *node)
{
    for (int i = 0; i < node->n_attrs; i++) {
        if (node->attrs[i].graph || node->attrs[i].graphs)
            return true;
    }
    return false;
}

static bool is_computable(const oq_node *node)
{
    if (!node->op || !node->op->run || node->op->rule == OQ_RULE_QUANT || node->n_inputs == 0 ||
        (node->op->flags & (OQ_OP_RANDOM | OQ_OP_CONTROL)) || has_subgraph(node))
        return false;
    for (int i = 0; i < node->n_inputs; i++) {
        if (node->inputs[i] && !oq_value_constant(node->inputs[i]))
            return false;
    }
    return true;
}

/* Bytes of the constants that nobody needs once node is gone. */
static size_t dying_bytes(const oq_node *node)
{
    size_t bytes = 0;

    for (int i = 0; i < node->n_inputs; i++) {
        const oq_value *value = node->inputs[i];

        if (value && oq_value_n_readers(value) == 1 && !value->is_input)
            bytes += value->constant->size;
    }
    return bytes;
}

static bool fits_budget(folder *f, const oq_node *node, oq_tensor *const *outputs)
{
    size_t bytes = 0, dying = dying_bytes(node);

    for (int i = 0; i < node->n_outputs; i++)
        bytes += outputs[i] && node->outputs[i] ? outputs[i]->size : 0;
    if (bytes > f->budget)
        return false;
    if (bytes > dying && bytes - dying > f->budget - f->grown)
        return false;
    f->grown += bytes > dying ? bytes - dying : 0;
    return true;
}

static bool gather_inputs(const oq_node *node, oq_arena *arena, const oq_array **inputs)
{
    for (int i = 0; i < node->n_inputs; i++) {
        const oq_tensor *tensor = oq_node_input_constant(node, i);
        oq_array *array = tensor ? OQ_NEW(arena, oq_array) : NULL;

        if (tensor && (!array || !oq_array_of_tensor(tensor, arena, array)))
            return false;
        inputs[i] = array;
    }
    return true;
}

/* The executor counts its scratch memory and rounds sizes up; what comes out is held against the budget. */
static size_t exec_limit(const folder *f)
{
    return f->budget < SIZE_MAX / 4 ? 2 * f->budget + EXEC_SLACK : SIZE_MAX;
}

static oq_status fold_computed(folder *f, oq_node *node)
{
    oq_arena *scratch = f->ctx->arena;
    const oq_array **inputs = OQ_NEW_ARRAY(scratch, const oq_array *, node->n_inputs);
    oq_tensor **outputs = OQ_NEW_ARRAY(scratch, oq_tensor *, node->n_outputs);
    oq_diag diag = {.status = OQ_OK};
    char where[256];
    oq_status status;

    if (!inputs || !outputs || !gather_inputs(node, scratch, inputs))
        return OQ_OK;
    status = oq_exec_node(node, inputs, node->graph->model->arena, exec_limit(f), outputs, &diag);
    if (status == OQ_NOMEM)
        return status;
    if (status != OQ_OK || !fits_budget(f, node, outputs)) {
        oq_pass_note(f->ctx, "%s: not folded (%s)", oq_node_text(node, where, sizeof where),
                     status != OQ_OK ? diag.message : "the file would grow too much");
        return OQ_OK;
    }
    f->ctx->changed++;
    return become_constant(node, outputs);
}

/* ---- through what infer_shapes knows */

static const oq_elems *known_contents(const folder *f, const oq_node *node)
{
    const oq_value *value = node->outputs[0];
    const oq_elems *elems = (size_t)value->id < f->known.n_values ? f->known.contents[value->id] : NULL;

    for (int i = 0; elems && i < elems->n; i++) {
        if (!elems->e[i].is_known)
            return NULL;
    }
    return elems;
}

static oq_tensor *tensor_of_elems(oq_arena *arena, oq_dtype dtype, const oq_elems *elems)
{
    void *data;
    int64_t n = elems->n;
    oq_tensor *tensor = oq_tensor_new(arena, dtype, &n, elems->rank, &data);

    for (int i = 0; tensor && i < elems->n; i++) {
        int32_t narrow = (int32_t)elems->e[i].value;

        if (dtype == OQ_INT64)
            memcpy((char *)data + (size_t)i * sizeof(int64_t), &elems->e[i].value, sizeof(int64_t));
        else
            memcpy((char *)data + (size_t)i * sizeof narrow, &narrow, sizeof narrow);
    }
    return tensor;
}

static oq_status fold_known(folder *f, oq_node *node, const oq_elems *elems)
{
    oq_value *value = node->outputs[0];
    oq_tensor *tensor;

    if (value->dtype != OQ_INT64 && value->dtype != OQ_INT32)
        return OQ_OK;
    tensor = tensor_of_elems(node->graph->model->arena, value->dtype, elems);
    if (!tensor)
        return OQ_NOMEM;
    f->ctx->changed++;
    return become_constant(node, &tensor);
}

static bool may_be_known(const oq_node *node)
{
    return node->op && node->op->rule != OQ_RULE_QUANT && !(node->op->flags & OQ_OP_RANDOM) &&
           node->n_outputs == 1 && node->outputs[0] && !has_subgraph(node);
}

static oq_status fold_node(folder *f, oq_node *node)
{
    const oq_elems *elems;
    oq_tensor *tensor;

    if (!outputs_are_inner(node))
        return OQ_OK;
    if (oq_node_is(node, "Constant")) {
        tensor = node->n_outputs == 1 ? oq_constant_node_tensor(node) : NULL;
        f->ctx->changed += tensor != NULL;
        return tensor ? become_constant(node, &tensor) : OQ_OK;
    }
    elems = may_be_known(node) ? known_contents(f, node) : NULL;
    if (elems)
        return fold_known(f, node, elems);
    return is_computable(node) ? fold_computed(f, node) : OQ_OK;
}

static oq_status fold_graph(oq_graph *graph, void *arg)
{
    oq_node *node, *next;

    OQ_FOR_EACH_NODE_SAFE (graph, node, next)
        OQ_TRY(fold_node(arg, node));
    return OQ_OK;
}

oq_status oq_fold_constants(oq_graph *graph, oq_pass_ctx *ctx)
{
    folder f = {.ctx = ctx, .budget = ctx->fold_budget ? ctx->fold_budget : DEFAULT_BUDGET};

    OQ_TRY(oq_infer_graph(graph, ctx, &f.known));
    ctx->changed = 0; /* better known types are not this pass's doing */
    return oq_graph_walk(graph, fold_graph, &f);
}
