/* layout_rewrite: walks the steps in order, knowing of each value in which layouts it is there, and puts a
 * conversion in front of the first reader that wants the other one. A convolution takes a plain input as it
 * is when no other step wants the twin, and gives a plain output when nobody does.
 */
#include "exec/layout_rewrite.h"

#include <string.h>

#include "exec/layout.h"
#include "op/op_elems.h"

typedef struct rewriter {
    oq_compiler *c;
    const oq_layout_role *roles;
    const bool *is_last;
    oq_value **twins;   /* by value id */
    oq_value **origins; /* by value id: the value itself where it has a twin */
    bool *has_plain;    /* by value id: the plain array is there */
    int *n_last;        /* by value id: readings of the twin to come */
    oq_step *steps;     /* the new ones */
    size_t n_steps, cap_steps;
    oq_value **constants; /* permuted ones made so far */
    oq_value **constant_of;
    int n_constants, cap_constants;
} rewriter;

/* ---- twins */

static oq_value *twin_of(rewriter *r, oq_value *value, int rank)
{
    oq_value *twin = r->twins[value->id];

    if (twin)
        return twin;
    twin = oq_compiler_value(r->c, value);
    if (!twin)
        return NULL;
    if (value->shape.rank == rank) {
        twin->shape.dims[0] = value->shape.dims[0];
        for (int i = 1; i < rank; i++)
            twin->shape.dims[oq_axis_to_last(i, rank)] = value->shape.dims[i];
    } else {
        twin->shape = oq_shape_ranked(rank);
    }
    r->c->needed[twin->id] = r->c->needed[value->id];
    r->twins[value->id] = twin;
    r->origins[value->id] = value;
    return twin;
}

/* ---- steps */

static oq_step *new_step(rewriter *r)
{
    if (r->n_steps == r->cap_steps) {
        size_t capacity = 2 * r->cap_steps + 16;
        oq_step *grown = OQ_NEW_ARRAY(r->c->scratch, oq_step, capacity);

        if (!grown)
            return NULL;
        if (r->n_steps)
            memcpy(grown, r->steps, r->n_steps * sizeof *grown);
        r->steps = grown;
        r->cap_steps = capacity;
    }
    return &r->steps[r->n_steps++];
}

static oq_node *conversion_node(rewriter *r, oq_value *value, const oq_op *op)
{
    oq_node *node = OQ_NEW(r->c->arena, oq_node);
    oq_value **links = OQ_NEW_ARRAY(r->c->arena, oq_value *, 2);

    if (!node || !links)
        return NULL;
    links[0] = links[1] = value;
    *node = (oq_node){.id = -1,
                      .name = value->name,
                      .op_type = op->name,
                      .domain = op->domain,
                      .overload = "",
                      .opset = 1,
                      .op = op,
                      .inputs = links,
                      .n_inputs = 1,
                      .outputs = links + 1,
                      .n_outputs = 1,
                      .graph = value->graph};
    return node;
}

/* from and to: value and its twin, in either order. */
static oq_status convert(rewriter *r, oq_value *value, oq_value *from, oq_value *to)
{
    const oq_op *op = from == value ? &oq_op_to_last : &oq_op_to_plain;
    oq_node *node = conversion_node(r, value, op);
    oq_value **links = OQ_NEW_ARRAY(r->c->arena, oq_value *, 2);
    bool *wanted = OQ_NEW_ARRAY(r->c->arena, bool, 1 + OQ_SPARE_PLACES);
    oq_step *step = new_step(r);

    if (!node || !links || !wanted || !step)
        return OQ_NOMEM;
    links[0] = from;
    links[1] = to;
    r->c->needed[from->id] = r->c->needed[to->id] = true;
    *step = (oq_step){.node = node,
                      .op = op,
                      .in = links,
                      .n_in = 1,
                      .out = links + 1,
                      .n_out = 1,
                      .wanted = wanted,
                      .is_internal = true};
    return OQ_OK;
}

/* Does value come in two layouts, and not as a constant? */
static bool is_convertible(const rewriter *r, const oq_value *value)
{
    return value && value->id < r->c->program->n_values && !oq_contents(r->c, value);
}

static oq_status need_plain(rewriter *r, oq_value *value)
{
    if (!is_convertible(r, value) || r->has_plain[value->id] || !r->twins[value->id])
        return OQ_OK;
    r->has_plain[value->id] = true;
    return convert(r, value, r->twins[value->id], value);
}

static oq_status need_bodies_plain(rewriter *r, const oq_step *step)
{
    for (int b = 0; step->bodies && step->bodies[b]; b++) {
        const oq_sequence *body = step->bodies[b];

        for (size_t s = 0; s < body->n_steps; s++) {
            for (int i = 0; i < body->steps[s].n_in; i++)
                OQ_TRY(need_plain(r, body->steps[s].in[i]));
            OQ_TRY(need_bodies_plain(r, &body->steps[s]));
        }
        for (int i = 0; i < body->graph->n_outputs; i++)
            OQ_TRY(need_plain(r, body->graph->outputs[i]));
    }
    return OQ_OK;
}

/* ---- constants */

static oq_tensor *permuted(rewriter *r, const oq_tensor *tensor, int rank)
{
    int64_t dims[OQ_MAX_RANK], last[OQ_MAX_RANK];
    oq_array from;
    void *data;

    for (int i = 0; i < rank; i++)
        dims[i] = i < rank - tensor->rank ? 1 : tensor->dims[i - (rank - tensor->rank)];
    oq_dims_to_last(dims, rank, last);
    if (!oq_array_shape(&from, tensor->dtype, dims, rank) || from.size != tensor->size)
        return NULL;
    data = oq_arena_alloc(r->c->arena, from.size < 64 ? 64 : from.size);
    from.data = oq_arena_copy(r->c->scratch, tensor->data, tensor->size);
    if (!data || !from.data || !oq_convert_to_last(NULL, &from, data))
        return NULL;
    return oq_tensor_wrap(r->c->arena, tensor->dtype, last, rank, data);
}

static oq_value *fitted_constant(rewriter *r, oq_value *value, int rank)
{
    oq_value *fitted;

    for (int i = 0; i < r->n_constants; i++) {
        if (r->constant_of[i] == value && r->constants[i]->constant->rank == rank)
            return r->constants[i];
    }
    fitted = oq_compiler_value(r->c, value);
    if (!fitted || r->n_constants == r->cap_constants)
        return NULL;
    fitted->constant = permuted(r, oq_contents(r->c, value), rank);
    if (!fitted->constant)
        return NULL;
    fitted->shape = oq_shape_of(fitted->constant->dims, rank);
    fitted->producer = NULL;
    r->c->needed[fitted->id] = true;
    r->constant_of[r->n_constants] = value;
    r->constants[r->n_constants++] = fitted;
    return fitted;
}

/* ---- one step */

static bool bit(uint64_t mask, int i)
{
    return i < 64 && (mask >> i & 1);
}

/* Node to show the operator: with replaced constants. */
static oq_node *open_view(rewriter *r, oq_step *step)
{
    const oq_node *from = step->view ? step->view : step->node;
    oq_node *view = oq_arena_copy(r->c->arena, from, sizeof *from);

    if (!view)
        return NULL;
    view->inputs = oq_arena_copy(r->c->arena, from->inputs, (size_t)from->n_inputs * sizeof *from->inputs);
    step->view = view;
    return view->inputs ? view : NULL;
}

static oq_status replace_constant(rewriter *r, oq_step *step, oq_value **in, int i, int rank)
{
    oq_value *fitted = fitted_constant(r, in[i], rank);

    if (!fitted)
        return OQ_NOMEM;
    if (i < step->node->n_inputs && step->node->inputs[i] == in[i]) {
        oq_node *view = open_view(r, step);

        if (!view)
            return OQ_NOMEM;
        view->inputs[i] = fitted;
    }
    in[i] = fitted;
    return OQ_OK;
}

static oq_status rewrite_inputs(rewriter *r, const oq_layout_role *role, oq_step *step)
{
    oq_value **in = oq_arena_copy(r->c->arena, step->in, (size_t)step->n_in * sizeof(oq_value *));

    if (!in)
        return OQ_NOMEM;
    for (int i = 0; i < step->n_in; i++) {
        oq_value *value = in[i], *twin;

        if (bit(role->fitted, i)) {
            OQ_TRY(replace_constant(r, step, in, i, role->rank));
            continue;
        }
        if (!bit(role->linked, i)) {
            /* Axes that the view has as a constant of its own. */
            if (role->view && i < role->view->n_inputs && i < step->node->n_inputs &&
                role->view->inputs[i] != step->node->inputs[i])
                in[i] = role->view->inputs[i];
            OQ_TRY(need_plain(r, value));
            continue;
        }
        if (i == 0 && role->either_in && !r->twins[value->id] && r->n_last[value->id] == 1) {
            r->n_last[value->id] = 0;
            continue;
        }
        r->n_last[value->id]--;
        if (!r->twins[value->id]) {
            twin = twin_of(r, value, role->rank);
            if (!twin)
                return OQ_NOMEM;
            r->has_plain[value->id] = true;
            OQ_TRY(convert(r, value, value, twin));
        }
        in[i] = r->twins[value->id];
        step->last_in |= i < 32 ? UINT32_C(1) << i : 0;
    }
    step->in = in;
    return OQ_OK;
}

static oq_status rewrite_outputs(rewriter *r, const oq_layout_role *role, oq_step *step)
{
    oq_value **out = oq_arena_copy(r->c->arena, step->out, (size_t)step->n_out * sizeof(oq_value *));

    if (!out)
        return OQ_NOMEM;
    for (int i = 0; i < step->n_out; i++) {
        oq_value *value = out[i];

        if (!value)
            continue;
        if (!role->gives || (i == 0 && role->either_out && r->n_last[value->id] == 0)) {
            r->has_plain[value->id] = true;
            continue;
        }
        out[i] = twin_of(r, value, role->rank);
        if (!out[i])
            return OQ_NOMEM;
        step->last_out |= i < 32 ? UINT32_C(1) << i : 0;
    }
    step->out = out;
    return OQ_OK;
}

static oq_status keep_plain(rewriter *r, const oq_step *step)
{
    for (int i = 0; i < step->n_in; i++)
        OQ_TRY(need_plain(r, step->in[i]));
    OQ_TRY(need_bodies_plain(r, step));
    for (int i = 0; i < step->n_out; i++) {
        if (step->out[i])
            r->has_plain[step->out[i]->id] = true;
    }
    return OQ_OK;
}

static oq_status rewrite_step(rewriter *r, const oq_step *from, size_t s)
{
    const oq_layout_role *role = &r->roles[s];
    oq_step step = *from, *to;

    if (!r->is_last[s]) {
        OQ_TRY(keep_plain(r, from));
    } else {
        step.op = role->op;
        step.view = role->view;
        OQ_TRY(rewrite_inputs(r, role, &step));
        OQ_TRY(rewrite_outputs(r, role, &step));
    }
    to = new_step(r);
    if (!to)
        return OQ_NOMEM;
    *to = step;
    return OQ_OK;
}

/* ---- the whole */

static bool start(rewriter *r, const oq_sequence *sequence)
{
    int n = r->c->program->n_values;
    size_t n_fitted = 0;

    for (size_t s = 0; s < sequence->n_steps; s++)
        n_fitted += r->is_last[s] && r->roles[s].fitted ? (size_t)sequence->steps[s].n_in : 0;
    r->cap_constants = (int)n_fitted;
    r->twins = OQ_NEW_ARRAY(r->c->arena, oq_value *, n);
    r->origins = OQ_NEW_ARRAY(r->c->scratch, oq_value *, n);
    r->has_plain = OQ_NEW_ARRAY(r->c->scratch, bool, n);
    r->n_last = OQ_NEW_ARRAY(r->c->scratch, int, n);
    r->constants = OQ_NEW_ARRAY(r->c->scratch, oq_value *, n_fitted);
    r->constant_of = OQ_NEW_ARRAY(r->c->scratch, oq_value *, n_fitted);
    if (!r->twins || !r->origins || !r->has_plain || !r->n_last || !r->constants || !r->constant_of)
        return false;
    for (size_t s = 0; s < sequence->n_steps; s++) {
        for (int i = 0; r->is_last[s] && i < sequence->steps[s].n_in; i++) {
            if (bit(r->roles[s].linked, i))
                r->n_last[sequence->steps[s].in[i]->id]++;
        }
    }
    return true;
}

static oq_status publish(rewriter *r, oq_sequence *sequence)
{
    oq_program *program = r->c->program;

    program->twins = r->twins;
    program->origins = OQ_NEW_ARRAY(r->c->arena, oq_value *, program->n_slots - program->n_values);
    sequence->steps = oq_arena_copy(r->c->arena, r->steps, r->n_steps * sizeof *r->steps);
    sequence->n_steps = r->n_steps;
    if (!program->origins || !sequence->steps)
        return OQ_NOMEM;
    for (int i = 0; i < program->n_values; i++) {
        if (r->twins[i])
            program->origins[r->twins[i]->id - program->n_values] = r->origins[i];
    }
    return OQ_OK;
}

oq_status oq_layout_rewrite(oq_compiler *c, oq_sequence *sequence, const oq_layout_role *roles,
                            const bool *is_last)
{
    rewriter r = {.c = c, .roles = roles, .is_last = is_last};

    if (!start(&r, sequence))
        return OQ_NOMEM;
    for (size_t s = 0; s < sequence->n_steps; s++)
        OQ_TRY(rewrite_step(&r, &sequence->steps[s], s));
    for (int i = 0; i < sequence->graph->n_outputs; i++)
        OQ_TRY(need_plain(&r, sequence->graph->outputs[i]));
    return publish(&r, sequence);
}
