/* program: a graph compiled to steps. Draft (which nodes matter, in order) -> prepare (operator state, packed
 * constants) -> lifetimes -> bound constants. The result is immutable.
 */
#include "exec/program.h"

#include <string.h>

#include "exec/compile.h"
#include "exec/fuse.h"
#include "exec/layout.h"
#include "exec/unit.h"
#include "ir/print.h"

#define DEFAULT_MEMORY_LIMIT (UINT64_C(8) << 30)
#define MOST_COMPUTED        ((size_t)1 << 30) /* bytes of a constant computed at compile time */

/* ---- arrays */

bool oq_array_shape(oq_array *array, oq_dtype dtype, const int64_t *dims, int rank)
{
    oq_array shape = {.dtype = dtype, .rank = rank};

    if (rank < 0 || rank > OQ_MAX_RANK || !oq_dims_count(dims, rank, &shape.n) ||
        !oq_array_bytes(dtype, shape.n, &shape.size))
        return false;
    for (int i = 0; i < rank; i++)
        shape.dims[i] = dims[i];
    *array = shape;
    return true;
}

/* A tensor's bytes without const: arrays that are constant are never written (is_constant, in_place refuses).
 */
static void *constant_data(const oq_tensor *tensor)
{
    void *data;

    memcpy(&data, &tensor->data, sizeof data);
    return data;
}

bool oq_array_of_tensor(const oq_tensor *tensor, oq_arena *arena, oq_array *out)
{
    oq_array array;

    if (!oq_array_shape(&array, tensor->dtype, tensor->dims, tensor->rank) || array.size != tensor->size)
        return false;
    array.is_constant = true;
    array.data = constant_data(tensor);
    if ((uintptr_t)array.data % 64 != 0 || !array.data) {
        array.data = oq_arena_alloc(arena, array.size < 64 ? 64 : array.size); /* 64 and more are aligned */
        if (array.data && array.size)
            memcpy(array.data, tensor->data, array.size);
    }
    *out = array;
    return array.data != NULL;
}

/* ---- obstacles */

const char *oq_exec_obstacle(const oq_node *node)
{
    const oq_op *op = node->op;
    const oq_value *first;

    if (!op)
        return "this operator is not known here";
    if (op->flags & OQ_OP_CONTROL)
        return oq_control_obstacle(node);
    if (!op->run)
        return "this operator cannot be run here";
    for (int i = 0; i < node->n_inputs; i++) {
        if (node->inputs[i] && node->inputs[i]->is_opaque_type && !(op->flags & OQ_OP_SEQUENCES))
            return "it reads a sequence, map or sparse tensor";
    }
    first = node->n_inputs ? node->inputs[0] : NULL;
    if (first && op->types && first->dtype != OQ_UNDEFINED && !(op->types & OQ_T(first->dtype)))
        return "this operator cannot be run on this element type";
    return NULL;
}

static bool node_is_computable(const oq_node *node, const bool *computable)
{
    if (oq_exec_obstacle(node))
        return false;
    for (int i = 0; i < node->n_inputs; i++) {
        if (node->inputs[i] && !computable[node->inputs[i]->id])
            return false;
    }
    return true;
}

void oq_exec_computable(const oq_graph *graph, bool *computable)
{
    for (int i = 0; i < graph->n_inputs; i++)
        computable[graph->inputs[i]->id] = !graph->inputs[i]->is_opaque_type;
    for (int i = 0; i < graph->n_initializers; i++)
        computable[graph->initializers[i]->id] = true;
    OQ_FOR_EACH_NODE (graph, node) {
        bool can = node_is_computable(node, computable);

        for (int i = 0; i < node->n_outputs; i++) {
            if (node->outputs[i])
                computable[node->outputs[i]->id] = can;
        }
    }
}

static oq_status check_node(const oq_compiler *c, const oq_node *node)
{
    char where[256];
    const char *obstacle = oq_exec_obstacle(node);
    int n_needed;

    if (obstacle) {
        const oq_value *value = node->op && node->n_inputs ? node->inputs[0] : NULL;

        OQ_FAIL(c->diag, OQ_UNSUPPORTED, "%s%s%s (opset %d), %s: %s%s%s", node->domain,
                *node->domain ? "." : "", node->op_type, node->opset, oq_node_text(node, where, sizeof where),
                obstacle, value && value->dtype ? "; its input is " : "",
                value && value->dtype ? oq_dtype_name(value->dtype) : "");
    }
    if (node->n_inputs < node->op->min_in || (node->op->max_in >= 0 && node->n_inputs > node->op->max_in))
        OQ_OP_FAIL(&((oq_prepare){.node = node, .diag = c->diag}), OQ_FORMAT,
                   "has %d inputs, the operator takes %d to %d", node->n_inputs, node->op->min_in,
                   node->op->max_in);
    /* Of any number of inputs none may be left out: the loop-carried values of a Loop aside. */
    n_needed = node->op->max_in < 0 && !(node->op->flags & OQ_OP_CONTROL) ? node->n_inputs : node->op->min_in;
    for (int i = 0; i < n_needed; i++) {
        if (!node->inputs[i])
            OQ_OP_FAIL(&((oq_prepare){.node = node, .diag = c->diag}), OQ_FORMAT,
                       "input %d is missing, the operator needs it", i);
    }
    if (node->op->max_out >= 0 && node->n_outputs > node->op->max_out)
        OQ_OP_FAIL(&((oq_prepare){.node = node, .diag = c->diag}), OQ_FORMAT,
                   "has %d outputs, the operator gives at most %d", node->n_outputs, node->op->max_out);
    return OQ_OK;
}

/* ---- constants */

static oq_status add_constant(oq_compiler *c, const oq_value *value, const oq_array *array)
{
    oq_program *p = c->program;

    if (p->n_constants == c->cap_constants) {
        size_t capacity = c->cap_constants ? c->cap_constants * 2 : 64;
        oq_bound_constant *grown = OQ_NEW_ARRAY(c->arena, oq_bound_constant, capacity);

        if (!grown)
            return OQ_NOMEM;
        if (p->n_constants)
            memcpy(grown, p->constants, p->n_constants * sizeof *grown);
        p->constants = grown;
        c->cap_constants = capacity;
    }
    p->constants[p->n_constants++] = (oq_bound_constant){value, *array};
    c->bound[value->id] = true;
    return OQ_OK;
}

/* Bind tensor as the contents of value, unless that is done. */
static oq_status bind(oq_compiler *c, const oq_value *value, const oq_tensor *tensor)
{
    oq_array array;

    if (c->bound[value->id])
        return OQ_OK;
    if (!oq_array_of_tensor(tensor, c->arena, &array))
        OQ_FAIL(c->diag, OQ_UNSUPPORTED, "constant '%s' (%s, rank %d): cannot be computed with", value->name,
                oq_dtype_name(tensor->dtype), tensor->rank);
    if (array.data != tensor->data) /* copied: the file's own pages are not needed for now */
        oq_model_release_pages(c->program->graph->model, tensor);
    array.is_constant = !value->is_overridable;
    return add_constant(c, value, &array);
}

/* Bind the shape of a packed constant: its bytes stay in the file, unaligned, and nobody reads them. */
static oq_status bind_packed(oq_compiler *c, const oq_value *value, const oq_tensor *tensor)
{
    oq_array array;

    if (c->bound[value->id])
        return OQ_OK;
    if (!oq_array_shape(&array, tensor->dtype, tensor->dims, tensor->rank))
        OQ_FAIL(c->diag, OQ_UNSUPPORTED, "constant '%s': rank %d", value->name, tensor->rank);
    array.data = constant_data(tensor);
    array.is_constant = true;
    return add_constant(c, value, &array);
}

const oq_tensor *oq_contents(const oq_compiler *c, const oq_value *value)
{
    return value->constant ? value->constant : c->known[value->id];
}

const oq_tensor *oq_fixed_contents(const oq_compiler *c, const oq_value *value)
{
    return value && !value->is_overridable ? oq_contents(c, value) : NULL;
}

/* ---- values */

bool oq_is_watched(const oq_compiler *c, const oq_value *value)
{
    const oq_exec_options *options = &c->program->options;

    for (size_t i = 0; i < options->n_targets; i++) {
        if (options->targets[i] == value)
            return true;
    }
    return value->is_output || options->watch == OQ_WATCH_ALL ||
           (options->watch == OQ_WATCH_SOME && options->watched && options->watched[value->id]);
}

static bool make_tables(oq_compiler *c, int n)
{
    bool *needed = OQ_NEW_ARRAY(c->scratch, bool, n), *bound = OQ_NEW_ARRAY(c->scratch, bool, n);
    const oq_tensor **known = OQ_NEW_ARRAY(c->scratch, const oq_tensor *, n);

    if (!needed || !bound || !known)
        return false;
    for (int i = 0; i < c->n_values; i++) {
        needed[i] = c->needed[i];
        bound[i] = c->bound[i];
        known[i] = c->known[i];
    }
    c->needed = needed;
    c->bound = bound;
    c->known = known;
    c->n_values = n;
    return true;
}

oq_value *oq_compiler_value(oq_compiler *c, const oq_value *like)
{
    oq_value *value = OQ_NEW(c->arena, oq_value);

    if (!value || (c->program->n_slots >= c->n_values && !make_tables(c, 2 * c->n_values + 16)))
        return NULL;
    value->id = c->program->n_slots++;
    value->name = like->name;
    value->graph = like->graph;
    value->dtype = like->dtype;
    value->shape = like->shape;
    value->producer = like->producer;
    value->output_index = like->output_index;
    return value;
}

/* ---- draft */

static oq_status draft(oq_compiler *c, oq_graph *graph, oq_sequence **out);

static bool is_live(const oq_compiler *c, oq_value *const *outputs, int n)
{
    for (int i = 0; i < n; i++) {
        if (outputs[i] && c->needed[outputs[i]->id])
            return true;
    }
    return false;
}

/* A Constant node with a tensor is a constant, not a step. */
static const oq_tensor *constant_of(const oq_node *node)
{
    const oq_attr *attr = oq_node_is(node, "Constant") ? oq_node_attr(node, "value") : NULL;

    return attr && attr->kind == OQ_ATTR_TENSOR && node->n_outputs == 1 ? attr->tensor : NULL;
}

static oq_status draft_bodies(oq_compiler *c, oq_step *step)
{
    const char *const *names = oq_control_bodies(step->node);
    int n = 0;

    if (!names)
        return OQ_OK;
    step->bodies = OQ_NEW_ARRAY(c->arena, oq_sequence *, 3);
    if (!step->bodies)
        return OQ_NOMEM;
    for (int i = 0; names[i]; i++) {
        const oq_attr *attr = oq_node_attr(step->node, names[i]);

        if (!attr || attr->kind != OQ_ATTR_GRAPH || !attr->graph)
            OQ_OP_FAIL(&((oq_prepare){.node = step->node, .diag = c->diag}), OQ_FORMAT,
                       "the attribute '%s' must hold a graph", names[i]);
        OQ_TRY(draft(c, attr->graph, &step->bodies[n++]));
    }
    return OQ_OK;
}

static oq_status draft_step(oq_compiler *c, const oq_node *node, oq_step *step)
{
    const oq_unit *unit = c->units ? oq_unit_of(c->units, node) : NULL;

    *step = (oq_step){.node = node,
                      .op = node->op,
                      .n_in = node->n_inputs,
                      .n_out = node->n_outputs,
                      .in = node->inputs,
                      .out = node->outputs};
    if (unit) {
        step->op = unit->op;
        step->state = unit->is_direct ? NULL : unit;
        step->in = unit->in;
        step->n_in = unit->n_in;
        step->out = unit->out;
        step->n_out = 1;
        step->is_integer = true;
    }
    step->wanted = OQ_NEW_ARRAY(c->arena, bool, step->n_out + OQ_SPARE_PLACES);
    if (!step->wanted)
        return OQ_NOMEM;
    for (int i = 0; i < step->n_in; i++) {
        if (step->in[i])
            c->needed[step->in[i]->id] = true;
    }
    return draft_bodies(c, step);
}

static void need_results(oq_compiler *c, const oq_graph *graph)
{
    const oq_exec_options *options = &c->program->options;
    bool by_target = graph == c->program->graph && options->targets;

    for (size_t i = 0; by_target && i < options->n_targets; i++)
        c->needed[options->targets[i]->id] = true;
    for (int i = 0; !by_target && i < graph->n_outputs; i++)
        c->needed[graph->outputs[i]->id] = true;
}

/* Steps of the nodes that matter: backwards, so that every reader marks its inputs before their producers
 * come. */
static oq_status draft(oq_compiler *c, oq_graph *graph, oq_sequence **out)
{
    oq_sequence *sequence = OQ_NEW(c->arena, oq_sequence);
    oq_step *steps = OQ_NEW_ARRAY(c->scratch, oq_step, graph->n_nodes);
    size_t first = (size_t)graph->n_nodes;

    if (!sequence || !steps)
        return OQ_NOMEM;
    need_results(c, graph);
    for (const oq_node *node = graph->last; node; node = node->prev) {
        const oq_unit *unit = c->units ? oq_unit_of(c->units, node) : NULL;

        if (unit ? !c->needed[unit->out[0]->id] : !is_live(c, node->outputs, node->n_outputs))
            continue;
        if (!unit && c->units && oq_unit_absorbs(c->units, node))
            continue;
        if (constant_of(node))
            c->known[node->outputs[0]->id] = constant_of(node);
        else
            OQ_TRY(draft_step(c, node, &steps[--first]));
    }
    sequence->graph = graph;
    sequence->n_steps = (size_t)graph->n_nodes - first;
    sequence->steps = oq_arena_copy(c->arena, steps + first, sequence->n_steps * sizeof *steps);
    *out = sequence;
    return sequence->steps ? OQ_OK : OQ_NOMEM;
}

/* ---- constants that steps compute */

/* Quantized weights: computed once rather than in every run, and then packed like any constant. */
static bool is_quantization(const oq_node *node)
{
    return oq_node_is(node, "DequantizeLinear") || oq_node_is(node, "QuantizeLinear") ||
           (strcmp(node->op_type, "FakeQuant") == 0 && strcmp(node->domain, "onnxq") == 0);
}

/* Run step once and remember what it gives; false: it is a step of every run. */
static bool compute_step(oq_compiler *c, const oq_step *step)
{
    oq_array *arrays = OQ_NEW_ARRAY(c->scratch, oq_array, step->n_in);
    const oq_array **in = OQ_NEW_ARRAY(c->scratch, const oq_array *, step->n_in);
    oq_tensor *out = NULL;

    if (!is_quantization(step->node) || step->is_integer || step->n_out != 1 || !arrays || !in)
        return false;
    for (int i = 0; i < step->n_in; i++) {
        const oq_value *value = step->in[i];

        if (!value)
            continue;
        if (value->is_overridable || !oq_contents(c, value) ||
            !oq_array_of_tensor(oq_contents(c, value), c->scratch, &arrays[i]))
            return false;
        in[i] = &arrays[i];
    }
    /* A failure is told by the step itself when it runs. */
    if (oq_exec_node(step->node, in, c->arena, MOST_COMPUTED, &out, NULL) != OQ_OK)
        return false;
    c->known[step->out[0]->id] = out;
    return true;
}

static oq_status compute_constants(oq_compiler *c, oq_sequence *sequence)
{
    size_t n = 0;

    for (size_t s = 0; s < sequence->n_steps; s++) {
        oq_step *step = &sequence->steps[s];

        for (int b = 0; step->bodies && step->bodies[b]; b++)
            OQ_TRY(compute_constants(c, step->bodies[b]));
        if (!compute_step(c, step))
            sequence->steps[n++] = *step;
    }
    sequence->n_steps = n;
    return OQ_OK;
}

/* ---- prepare */

static oq_status prepare_step(oq_compiler *c, oq_step *step)
{
    const oq_node *node = step->view ? step->view : step->node;
    const oq_tensor **known = OQ_NEW_ARRAY(c->scratch, const oq_tensor *, node->n_inputs);
    oq_prepare ctx = {
        .node = node, .known = known, .epilogue = step->epilogue, .arena = c->arena, .diag = c->diag};
    char where[256];

    if (step->is_internal || step->state) /* units and merged steps come with their state */
        return OQ_OK;
    OQ_TRY(check_node(c, step->node));
    if (!known)
        return OQ_NOMEM;
    step->is_deferred = c->program->options.deferred && c->program->options.deferred[step->node->id];
    if (step->is_deferred)
        return OQ_OK;
    for (int i = 0; c->known && i < node->n_inputs; i++) {
        if (node->inputs[i])
            known[i] = c->known[node->inputs[i]->id];
    }
    if (step->op->prepare) {
        oq_status status = step->op->prepare(&ctx);

        if (status != OQ_OK && c->diag && c->diag->status == OQ_OK)
            OQ_FAIL(c->diag, status, "%s: could not be prepared",
                    oq_node_text(step->node, where, sizeof where));
        OQ_TRY(status);
    }
    step->state = ctx.state;
    step->consumed = ctx.consumed;
    return OQ_OK;
}

static oq_status prepare(oq_compiler *c, oq_sequence *sequence)
{
    for (size_t s = 0; s < sequence->n_steps; s++) {
        oq_step *step = &sequence->steps[s];

        OQ_TRY(prepare_step(c, step));
        for (int i = 0; i < step->n_in; i++) {
            const oq_value *value = step->in[i];
            bool is_packed = i < 32 && (step->consumed >> i & 1);

            if (value && oq_contents(c, value) && (!is_packed || value->is_overridable))
                OQ_TRY(bind(c, value, oq_contents(c, value)));
            else if (value && value->constant) /* packed: the same */
                oq_model_release_pages(c->program->graph->model, value->constant);
        }
        if (step->n_in > c->program->max_in)
            c->program->max_in = step->n_in;
        if (step->n_out > c->program->max_out)
            c->program->max_out = step->n_out;
        for (int b = 0; step->bodies && step->bodies[b]; b++)
            OQ_TRY(prepare(c, step->bodies[b]));
    }
    for (int i = 0; i < sequence->graph->n_outputs; i++) {
        const oq_value *value = sequence->graph->outputs[i];

        if (oq_contents(c, value) && c->needed[value->id])
            OQ_TRY(bind(c, value, oq_contents(c, value)));
    }
    return OQ_OK;
}

/* After all others are bound: constants that only packing operators read. */
static oq_status bind_rest(oq_compiler *c, const oq_sequence *sequence)
{
    for (size_t s = 0; s < sequence->n_steps; s++) {
        const oq_step *step = &sequence->steps[s];

        for (int i = 0; i < step->n_in; i++) {
            if (step->in[i] && oq_contents(c, step->in[i]))
                OQ_TRY(bind_packed(c, step->in[i], oq_contents(c, step->in[i])));
        }
        for (int b = 0; step->bodies && step->bodies[b]; b++)
            OQ_TRY(bind_rest(c, step->bodies[b]));
    }
    return OQ_OK;
}

/* ---- the whole */

/* What hooks see: everything, or what is watched. */
static bool note_shown(const oq_compiler *c)
{
    oq_program *p = c->program;
    bool *shown;

    if (p->options.watch == OQ_WATCH_ALL)
        return true;
    shown = OQ_NEW_ARRAY(c->arena, bool, p->n_values);
    for (int i = 0; shown && i < p->n_values; i++)
        shown[i] = p->options.watch == OQ_WATCH_SOME && p->options.watched && p->options.watched[i];
    for (size_t i = 0; shown && i < p->options.n_targets; i++)
        shown[p->options.targets[i]->id] = true;
    for (int i = 0; shown && i < p->graph->n_outputs; i++)
        shown[p->graph->outputs[i]->id] = true;
    for (int i = 0; shown && i < p->graph->n_inputs; i++)
        shown[p->graph->inputs[i]->id] |= p->options.watch == OQ_WATCH_SOME;
    p->shown = shown;
    return shown != NULL;
}

static oq_status compile(oq_compiler *c)
{
    oq_program *p = c->program;
    bool *seen;

    if (!make_tables(c, p->n_slots) || !note_shown(c))
        return OQ_NOMEM;
    if (p->options.mode == OQ_EXEC_INTEGER)
        OQ_TRY(oq_find_units(p->graph, c->arena, c->scratch, &c->units, c->diag));
    OQ_TRY(draft(c, p->graph, &p->main));
    OQ_TRY(compute_constants(c, p->main));
    OQ_TRY(oq_fuse(c, p->main));
    OQ_TRY(oq_choose_layouts(c, p->main));
    OQ_TRY(prepare(c, p->main));
    OQ_TRY(bind_rest(c, p->main));
    seen = OQ_NEW_ARRAY(c->scratch, bool, p->n_slots);
    if (!seen)
        return OQ_NOMEM;
    return oq_plan_lifetimes(p->main, c->needed, seen, c->arena);
}

oq_status oq_program_compile(oq_graph *graph, const oq_exec_options *options, oq_program **out, oq_diag *diag)
{
    oq_arena *arena = oq_arena_new(0), *scratch = oq_arena_new(0);
    oq_program *program = arena ? OQ_NEW(arena, oq_program) : NULL;
    oq_compiler c = {.program = program, .arena = arena, .scratch = scratch, .diag = diag};
    oq_status status = OQ_NOMEM;

    if (program && scratch) {
        program->arena = arena;
        program->graph = graph;
        program->n_values = program->n_slots = graph->model->n_values;
        program->options = options ? *options : (oq_exec_options){.mode = OQ_EXEC_FLOAT};
        if (!program->options.memory_limit)
            program->options.memory_limit = DEFAULT_MEMORY_LIMIT;
        status = compile(&c);
    }
    oq_arena_free(scratch);
    if (status == OQ_NOMEM && (!diag || diag->status == OQ_OK))
        oq_diag_set(diag, OQ_NOMEM, __FILE__, __LINE__, "out of memory while preparing the graph");
    if (status != OQ_OK)
        oq_arena_free(arena);
    else
        *out = program;
    return status;
}

void oq_program_free(oq_program *program)
{
    if (program)
        oq_arena_free(program->arena);
}

size_t oq_program_n_steps(const oq_program *program)
{
    return program->main->n_steps;
}

const oq_node *oq_program_node(const oq_program *program, size_t step)
{
    return program->main->steps[step].node;
}

bool oq_program_is_deferred(const oq_program *program, size_t step)
{
    return program->main->steps[step].is_deferred;
}

oq_status oq_program_prepare_step(oq_program *program, size_t step, oq_diag *diag)
{
    oq_arena *scratch = oq_arena_new(0);
    oq_compiler c = {.program = program, .arena = program->arena, .scratch = scratch, .diag = diag};
    oq_status status = OQ_NOMEM;

    program->options.deferred = NULL; /* what was borrowed for the compilation may be gone */
    if (scratch)
        status = prepare_step(&c, &program->main->steps[step]);
    oq_arena_free(scratch);
    return status;
}

bool oq_program_is_integer(const oq_program *program, size_t step)
{
    return program->main->steps[step].is_integer;
}
