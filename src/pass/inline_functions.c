/* inline_functions: calls of model-local functions become the operators of their bodies.
 *
 *     y = local.F(a, b) {alpha = 2}       F(p, q) {alpha = 1} = { t = Mul(p, q)  r = LeakyRelu(t) {alpha =
 * @alpha} }
 *  => F/t = Mul(a, b)   y = LeakyRelu(F/t) {alpha = 2}
 *
 * An attribute that refers to one of the function takes the call's value, else the function's default, else
 * it is left out, so that the operator's own default holds. An input the call leaves out is left out of every
 * node that reads it. A function may call others, never itself. Bodies of If, Loop and Scan are copied with
 * their captured values put right. An output that is an input, or one that is returned twice, needs an
 * Identity: a value has one name.
 *
 * Must not run a body under another opset than it was written for: where the model imports another version,
 * each operator must be the same in both, else the model is refused. Flags: EXACT.
 */
#include <string.h>

#include "ir/print.h"
#include "pass/edit.h"

enum {
    MOST_DEPTH = 100,     /* functions inside functions */
    MOST_NODES = 2000000, /* after inlining: a chain of functions that call the next one twice explodes */
};

typedef struct inliner {
    oq_model *model;
    oq_pass_ctx *ctx;
    bool *active; /* by function: being inlined right now */
    int depth;
} inliner;

/* Copies nodes of one place to another. */
typedef struct copier {
    inliner *in;
    const oq_function *function;
    const oq_node *call;
    int first, n;     /* ids of the values that have copies */
    oq_value **twins; /* by id - first; NULL: left out, or, in a graph of the caller, the value itself */
    bool is_callers;
} copier;

static oq_status no_memory(const inliner *in)
{
    OQ_FAIL(in->ctx->diag, OQ_NOMEM, "out of memory while inlining functions");
}

static oq_value *twin_of(const copier *c, oq_value *value)
{
    bool has_copy = value && value->id >= c->first && value->id - c->first < c->n;

    if (!has_copy || (c->is_callers && !c->twins[value->id - c->first]))
        return value;
    return c->twins[value->id - c->first];
}

/* "call/name" in the model arena. */
static const char *name_inside(const copier *c, const char *name)
{
    const oq_node *call = c->call;

    if (!*name)
        return "";
    return oq_arena_printf(c->in->model->arena, "%s/%s", *call->name ? call->name : call->op_type, name);
}

static oq_value *make_twin(copier *c, oq_graph *graph, const oq_value *value)
{
    const char *name = name_inside(c, value->name);
    oq_value *twin = name ? oq_value_new(graph, name, value->dtype, &value->shape) : NULL;

    if (!twin)
        return NULL;
    twin->is_opaque_type = value->is_opaque_type;
    c->twins[value->id - c->first] = twin;
    return twin;
}

/* ---- attributes */

static oq_status copy_graph(copier *c, const oq_graph *from, oq_node *holder, oq_graph **out);

/* What an attribute of the body stands for in this call; NULL: nothing. */
static oq_status resolve(const copier *c, const oq_attr *attr, const oq_attr **out)
{
    const oq_attr *found = oq_node_attr(c->call, attr->ref_name);
    char where[256];

    if (!found)
        found = oq_node_attr(c->function->defaults, attr->ref_name);
    if (found && found->kind != attr->kind)
        OQ_FAIL(c->in->ctx->diag, OQ_FORMAT,
                "%s: attribute '%s' has another type than the body of function '%s' asks for",
                oq_node_text(c->call, where, sizeof where), attr->ref_name, c->function->name);
    *out = found;
    return OQ_OK;
}

static oq_status copy_graphs(copier *c, const oq_attr *from, oq_node *to_node, oq_attr *to)
{
    if (from->graph)
        OQ_TRY(copy_graph(c, from->graph, to_node, &to->graph));
    if (!from->graphs)
        return OQ_OK;
    to->graphs = OQ_NEW_ARRAY(c->in->model->arena, oq_graph *, from->n);
    if (!to->graphs)
        return no_memory(c->in);
    for (size_t i = 0; i < from->n; i++)
        OQ_TRY(copy_graph(c, from->graphs[i], to_node, &to->graphs[i]));
    return OQ_OK;
}

/* A graph handed to the function as an attribute is the caller's: its values, not those of the body, get
 * copies. */
static oq_status copy_callers_graphs(const copier *c, const oq_attr *from, oq_node *to_node, oq_attr *to)
{
    copier own = *c;

    own.first = 0;
    own.n = c->in->model->n_values;
    own.is_callers = true;
    own.twins = OQ_NEW_ARRAY(c->in->ctx->arena, oq_value *, own.n);
    if (!own.twins)
        return no_memory(c->in);
    return copy_graphs(&own, from, to_node, to);
}

static oq_status copy_attrs(copier *c, const oq_node *from, oq_node *to)
{
    for (int i = 0; i < from->n_attrs; i++) {
        const oq_attr *attr = &from->attrs[i], *source = attr;
        oq_attr *copy;

        if (attr->ref_name)
            OQ_TRY(resolve(c, attr, &source));
        if (!source)
            continue;
        copy = oq_node_add_attr(to, attr->name, source->kind);
        if (!copy)
            return no_memory(c->in);
        *copy = *source;
        copy->name = attr->name;
        if (source != attr)
            copy->origin = (oq_origin){0};
        if (!source->graph && !source->graphs)
            continue;
        copy->origin = (oq_origin){0};
        OQ_TRY(source == attr ? copy_graphs(c, source, to, copy) : copy_callers_graphs(c, source, to, copy));
    }
    return OQ_OK;
}

/* ---- nodes */

/* The operator must mean in the model what it means in the function. */
static oq_status check_version(const copier *c, const oq_node *node)
{
    int64_t here = oq_model_opset(c->in->model, node->domain), there = 0;
    const oq_op *row;

    for (int i = 0; i < c->function->n_opsets; i++) {
        if (strcmp(c->function->opsets[i].domain, node->domain) == 0)
            there = c->function->opsets[i].version;
    }
    if (!there || there == here)
        return OQ_OK;
    if (!here)
        return oq_model_set_opset(c->in->model, node->domain, there);
    row = oq_op_find(node->domain, node->op_type, (int)here);
    if (!row || row != oq_op_find(node->domain, node->op_type, (int)there))
        OQ_FAIL(c->in->ctx->diag, OQ_UNSUPPORTED,
                "function '%s' is written for %s %lld, the model imports %lld, and %s may not be the same in "
                "both; export the model with one opset",
                c->function->name, *node->domain ? node->domain : "ai.onnx", (long long)there,
                (long long)here, node->op_type);
    return OQ_OK;
}

static oq_status copy_node(copier *c, const oq_node *from, oq_graph *graph, oq_node *before)
{
    const char *name = name_inside(c, from->name);
    oq_node *to;

    if (c->in->model->n_nodes > MOST_NODES)
        OQ_FAIL(c->in->ctx->diag, OQ_LIMIT, "the functions of the model have more than %d nodes when inlined",
                MOST_NODES);
    OQ_TRY(check_version(c, from));
    to = name ? oq_node_append(graph, from->op_type, from->domain, name, from->n_inputs, from->n_outputs)
              : NULL;
    if (!to)
        return no_memory(c->in);
    to->overload = from->overload;
    oq_node_move_before(to, before);
    for (int i = 0; i < from->n_inputs; i++) {
        if (oq_node_set_input(to, i, twin_of(c, from->inputs[i])) != OQ_OK)
            return no_memory(c->in);
    }
    OQ_TRY(copy_attrs(c, from, to));
    for (int i = 0; i < from->n_outputs; i++) {
        oq_value *value = from->outputs[i], *twin = NULL;

        if (!value)
            continue;
        twin =
            twin_of(c, value) && twin_of(c, value) != value ? twin_of(c, value) : make_twin(c, graph, value);
        if (!twin)
            return no_memory(c->in);
        oq_node_set_output(to, i, twin);
    }
    return OQ_OK;
}

static oq_status copy_graph(copier *c, const oq_graph *from, oq_node *holder, oq_graph **out)
{
    oq_graph *to = oq_graph_new(c->in->model, holder->graph);

    if (!to)
        return no_memory(c->in);
    to->name = from->name;
    to->parent_node = holder;
    *out = to;
    for (int i = 0; i < from->n_initializers; i++) {
        oq_value *twin = make_twin(c, to, from->initializers[i]);

        if (!twin || oq_value_set_constant(twin, from->initializers[i]->constant) != OQ_OK)
            return no_memory(c->in);
    }
    for (int i = 0; i < from->n_inputs; i++) {
        oq_value *input = from->inputs[i],
                 *twin = input->constant ? twin_of(c, input) : make_twin(c, to, input);

        if (!twin || oq_graph_add_input(to, twin) != OQ_OK)
            return no_memory(c->in);
        twin->is_overridable = input->is_overridable;
    }
    OQ_FOR_EACH_NODE (from, node)
        OQ_TRY(copy_node(c, node, to, NULL));
    for (int i = 0; i < from->n_outputs; i++) {
        if (oq_graph_add_output(to, twin_of(c, from->outputs[i])) != OQ_OK)
            return no_memory(c->in);
    }
    return OQ_OK;
}

/* ---- calls */

static const oq_function *function_of(const oq_model *model, const oq_node *node)
{
    for (int i = 0; i < model->n_functions; i++) {
        const oq_function *f = &model->functions[i];

        if (strcmp(f->name, node->op_type) == 0 && strcmp(f->domain, node->domain) == 0 &&
            strcmp(f->overload, node->overload) == 0)
            return f;
    }
    return NULL;
}

static oq_status check_call(const inliner *in, const oq_function *f, const oq_node *call)
{
    char where[256];

    oq_node_text(call, where, sizeof where);
    if (in->active[f - in->model->functions])
        OQ_FAIL(in->ctx->diag, OQ_FORMAT, "function '%s' of domain '%s' calls itself; that never ends",
                f->name, f->domain);
    if (in->depth == MOST_DEPTH)
        OQ_FAIL(in->ctx->diag, OQ_LIMIT, "functions are nested more than %d deep at %s", MOST_DEPTH, where);
    if (call->n_inputs > f->body->n_inputs || call->n_outputs > f->body->n_outputs)
        OQ_FAIL(in->ctx->diag, OQ_FORMAT,
                "%s has %d inputs and %d outputs, the function '%s' it calls has %d and %d", where,
                call->n_inputs, call->n_outputs, f->name, f->body->n_inputs, f->body->n_outputs);
    return OQ_OK;
}

/* The call's outputs become those of the body's nodes; where that cannot be, an Identity will carry them:
 * its output goes to carried[i]. */
static void hand_over_outputs(copier *c, oq_node *call, oq_value **carried)
{
    const oq_graph *body = c->function->body;

    for (int i = 0; i < call->n_outputs; i++) {
        oq_value *inner = body->outputs[i], *outer = call->outputs[i];

        if (!outer)
            continue;
        oq_node_set_output(call, i, NULL);
        if (!inner->producer || c->twins[inner->id - c->first])
            carried[i] = outer;
        else
            c->twins[inner->id - c->first] = outer;
    }
}

static oq_status carry_outputs(const copier *c, oq_node *call, oq_value *const *carried)
{
    for (int i = 0; i < call->n_outputs; i++) {
        oq_value *from = carried[i] ? twin_of(c, c->function->body->outputs[i]) : NULL;
        oq_node *node;
        char where[256];

        if (!carried[i])
            continue;
        if (!from)
            OQ_FAIL(c->in->ctx->diag, OQ_FORMAT,
                    "%s: output %d of function '%s' is an input that was left out",
                    oq_node_text(call, where, sizeof where), i, c->function->name);
        node = oq_node_append(call->graph, "Identity", "", name_inside(c, "output"), 1, 1);
        if (!node || oq_node_set_input(node, 0, from) != OQ_OK)
            return no_memory(c->in);
        oq_node_move_before(node, call);
        oq_node_set_output(node, 0, carried[i]);
    }
    return OQ_OK;
}

static oq_status inline_between(inliner *in, oq_node *first, const oq_node *end);

static oq_status inline_call(inliner *in, const oq_function *f, oq_node *call)
{
    copier c = {.in = in, .function = f, .call = call, .first = f->first_value, .n = f->n_values};
    oq_value **carried = OQ_NEW_ARRAY(in->ctx->arena, oq_value *, call->n_outputs);
    oq_node *before = call->prev;

    OQ_TRY(check_call(in, f, call));
    c.twins = OQ_NEW_ARRAY(in->ctx->arena, oq_value *, f->n_values);
    if (!c.twins || !carried)
        return no_memory(in);
    for (int i = 0; i < call->n_inputs; i++)
        c.twins[f->body->inputs[i]->id - c.first] = call->inputs[i];
    hand_over_outputs(&c, call, carried);
    OQ_FOR_EACH_NODE (f->body, node)
        OQ_TRY(copy_node(&c, node, call->graph, call));
    OQ_TRY(carry_outputs(&c, call, carried));
    in->active[f - in->model->functions] = true;
    in->depth++;
    OQ_TRY(inline_between(in, before ? before->next : call->graph->first, call));
    in->depth--;
    in->active[f - in->model->functions] = false;
    oq_node_remove(call);
    in->ctx->changed++;
    return OQ_OK;
}

/* Calls from first on, up to end (NULL: all). */
static oq_status inline_between(inliner *in, oq_node *first, const oq_node *end)
{
    oq_node *next;

    for (oq_node *node = first; node && node != end; node = next) {
        const oq_function *f = function_of(in->model, node);

        next = node->next;
        if (f) {
            OQ_TRY(inline_call(in, f, node));
            continue;
        }
        for (int i = 0; i < node->n_attrs; i++) {
            oq_attr attr = node->attrs[i];

            if (attr.graph)
                OQ_TRY(inline_between(in, attr.graph->first, NULL));
            for (size_t k = 0; attr.graphs && k < attr.n; k++)
                OQ_TRY(inline_between(in, attr.graphs[k]->first, NULL));
        }
    }
    return OQ_OK;
}

oq_status oq_inline_functions(oq_graph *graph, oq_pass_ctx *ctx)
{
    inliner in = {.model = graph->model, .ctx = ctx};

    if (!in.model->n_functions)
        return OQ_OK;
    in.active = OQ_NEW_ARRAY(ctx->arena, bool, in.model->n_functions);
    if (!in.active)
        return no_memory(&in);
    OQ_TRY(inline_between(&in, graph->first, NULL));
    if (ctx->changed) {
        in.model->n_functions = 0;
        in.model->is_changed = true;
    }
    return OQ_OK;
}
