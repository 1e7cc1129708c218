/* fuse: patterns of merged steps.
 *
 *     Conv -> Relu | Clip                 => Conv with a clamp
 *     Conv -> y, Add(y, shortcut)         => Conv that adds the shortcut, where the Add stood
 *     Conv -> y, Add(y, shortcut) -> Relu => both
 *
 * for every operator whose row takes an epilogue (OQ_OP_EPILOGUE). Must not fire when the value in between is
 * watched, a result, or read by somebody else; nor on other types than float32, which are rounded in between;
 * nor when the operands of the Add are only known to broadcast. A clamp goes last: Conv -> Relu -> Add stays.
 */
#include "exec/fuse.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- who reads what */

static void count_reads(oq_fuser *f, const oq_sequence *sequence)
{
    for (size_t s = 0; s < sequence->n_steps; s++) {
        const oq_step *step = &sequence->steps[s];

        for (int i = 0; i < step->n_in; i++) {
            if (step->in[i])
                f->n_reads[step->in[i]->id]++;
        }
        for (int b = 0; step->bodies && step->bodies[b]; b++)
            count_reads(f, step->bodies[b]);
    }
    for (int i = 0; i < sequence->graph->n_outputs; i++)
        f->n_reads[sequence->graph->outputs[i]->id]++;
}

static void note_producers(oq_fuser *f)
{
    for (int i = 0; i < f->c->n_values; i++)
        f->producer[i] = -1;
    for (size_t s = 0; s < f->sequence->n_steps; s++) {
        const oq_step *step = &f->sequence->steps[s];

        for (int i = 0; i < step->n_out; i++) {
            if (step->out[i])
                f->producer[step->out[i]->id] = (int)s;
        }
    }
}

oq_step *oq_fuse_source(const oq_fuser *f, size_t i, int k)
{
    const oq_step *step = &f->sequence->steps[i];
    const oq_value *value = k < step->n_in ? step->in[k] : NULL;

    if (!value || f->producer[value->id] < 0 || f->n_reads[value->id] != 1 || oq_is_watched(f->c, value))
        return NULL;
    return &f->sequence->steps[f->producer[value->id]];
}

void oq_fuse_take_output(oq_fuser *f, size_t i, oq_step *into)
{
    const oq_step *step = &f->sequence->steps[i];

    into->out = step->out;
    into->n_out = step->n_out;
    into->wanted = step->wanted;
    into->last = step->last ? step->last : step->node;
    for (int k = 0; k < step->n_out; k++) {
        if (step->out[k])
            f->producer[step->out[k]->id] = (int)(into - f->sequence->steps);
    }
    f->is_gone[i] = true;
}

void oq_fuse_move(oq_fuser *f, oq_step *with, size_t i)
{
    oq_step *step = &f->sequence->steps[i];

    oq_fuse_take_output(f, i, with);
    f->is_gone[i] = false;
    f->is_gone[with - f->sequence->steps] = true;
    *step = *with;
    for (int k = 0; k < step->n_out; k++) {
        if (step->out[k])
            f->producer[step->out[k]->id] = (int)i;
    }
}

/* ---- Relu, Clip */

static bool takes_epilogue(const oq_step *step)
{
    return step && !step->is_integer && step->op && step->op->flags & OQ_OP_EPILOGUE &&
           (step->n_in <= step->op->max_in || step->epilogue) && step->n_out == 1 && step->out[0] &&
           step->out[0]->dtype == OQ_FLOAT;
}

/* A float bound of Clip: input k, or NULL for none. */
static bool read_bound(const oq_compiler *c, const oq_step *step, int k, float *bound)
{
    const oq_value *value = k < step->n_in ? step->in[k] : NULL;
    const oq_tensor *tensor = oq_fixed_contents(c, value);

    return !value || (tensor && tensor->dtype == OQ_FLOAT && tensor->n_elements == 1 &&
                      oq_tensor_floats_at(tensor, 0, 1, bound));
}

static bool read_clamp(const oq_compiler *c, const oq_step *step, float *lo, float *hi)
{
    *lo = -INFINITY;
    *hi = INFINITY;
    if (oq_node_is(step->node, "Relu")) {
        *lo = 0;
        return true;
    }
    if (!oq_node_is(step->node, "Clip"))
        return false;
    if (step->node->opset < 11) {
        *lo = oq_node_float(step->node, "min", -FLT_MAX);
        *hi = oq_node_float(step->node, "max", FLT_MAX);
    } else if (!read_bound(c, step, 1, lo) || !read_bound(c, step, 2, hi)) {
        return false;
    }
    return *lo <= *hi; /* no NaN, and not the odd order whose result the operator itself must give */
}

static oq_epilogue *epilogue_of(oq_fuser *f, oq_step *step)
{
    oq_epilogue *epilogue = OQ_NEW(f->c->arena, oq_epilogue);

    if (!epilogue)
        return NULL;
    if (step->epilogue)
        *epilogue = *step->epilogue;
    else
        *epilogue = (oq_epilogue){.residual = -1, .lo = -INFINITY, .hi = INFINITY};
    step->epilogue = epilogue;
    return epilogue;
}

static bool has_clamp(const oq_step *step)
{
    return step->epilogue && !(isinf(step->epilogue->lo) && isinf(step->epilogue->hi));
}

static oq_status fuse_clamp(oq_fuser *f, size_t i)
{
    const oq_step *step = &f->sequence->steps[i];
    oq_step *source;
    oq_epilogue *epilogue;
    float lo, hi;

    if (step->is_integer || !read_clamp(f->c, step, &lo, &hi))
        return OQ_OK;
    source = oq_fuse_source(f, i, 0);
    if (!takes_epilogue(source) || has_clamp(source))
        return OQ_OK;
    epilogue = epilogue_of(f, source);
    if (!epilogue)
        return OQ_NOMEM;
    epilogue->lo = lo;
    epilogue->hi = hi;
    oq_fuse_take_output(f, i, source);
    return OQ_OK;
}

/* ---- residual Add */

bool oq_same_dim(const oq_dim *a, const oq_dim *b)
{
    return a->size >= 0 ? a->size == b->size : b->size < 0 && a->symbol && a->symbol == b->symbol;
}

bool oq_fuse_same_shape(const oq_value *a, const oq_value *b)
{
    bool same = a->shape.rank >= 0 && a->shape.rank == b->shape.rank && a->dtype == b->dtype;

    for (int i = 0; same && i < a->shape.rank; i++)
        same = oq_same_dim(&a->shape.dims[i], &b->shape.dims[i]);
    return same;
}

/* Inputs of step, as many as the operator may have, then the residual. */
static bool add_input(oq_fuser *f, oq_step *step, oq_value *value)
{
    int n = step->op->max_in;
    oq_value **in = OQ_NEW_ARRAY(f->c->arena, oq_value *, n + 1);

    if (!in)
        return false;
    memcpy(in, step->in, (size_t)step->n_in * sizeof(oq_value *));
    in[n] = value;
    step->in = in;
    step->n_in = n + 1;
    return true;
}

bool oq_fuse_takes_addend(const oq_step *step)
{
    return takes_epilogue(step) && !step->epilogue;
}

oq_status oq_fuse_addend(oq_fuser *f, oq_step *step, oq_value *value, size_t i)
{
    oq_epilogue *epilogue = epilogue_of(f, step);

    if (!epilogue || !add_input(f, step, value))
        return OQ_NOMEM;
    epilogue->residual = step->n_in - 1;
    oq_fuse_move(f, step, i);
    return OQ_OK;
}

static oq_status fuse_residual(oq_fuser *f, size_t i)
{
    const oq_step *add = &f->sequence->steps[i];
    oq_step *best = NULL;
    oq_value *shortcut = NULL;

    if (add->is_integer || !oq_node_is(add->node, "Add") || add->n_in != 2 || add->in[0] == add->in[1] ||
        !oq_fuse_same_shape(add->in[0], add->in[1]))
        return OQ_OK;
    /* Of two convolutions the later one: it moves less. */
    for (int k = 0; k < 2; k++) {
        oq_step *source = oq_fuse_source(f, i, k);

        if (!oq_fuse_takes_addend(source) || (best && best > source))
            continue;
        best = source;
        shortcut = add->in[1 - k];
    }
    if (!best || oq_contents(f->c, shortcut))
        return OQ_OK;
    return oq_fuse_addend(f, best, shortcut, i);
}

/* ---- the table, in order: each pattern over all steps */

static oq_fuse_fn *const patterns[] = {
    fuse_residual, oq_fuse_matmul_bias, fuse_clamp, oq_fuse_matmul_transposes, oq_fuse_codes, oq_fuse_swish,
};

static void close_gaps(oq_fuser *f)
{
    oq_sequence *sequence = f->sequence;
    size_t n = 0;

    for (size_t s = 0; s < sequence->n_steps; s++) {
        if (!f->is_gone[s])
            sequence->steps[n++] = sequence->steps[s];
    }
    sequence->n_steps = n;
}

oq_status oq_fuse(oq_compiler *c, oq_sequence *sequence)
{
    oq_fuser f = {.c = c, .sequence = sequence};

    if (c->program->options.watch == OQ_WATCH_ALL)
        return OQ_OK;
    f.n_reads = OQ_NEW_ARRAY(c->scratch, int, c->n_values);
    f.producer = OQ_NEW_ARRAY(c->scratch, int, c->n_values);
    f.is_gone = OQ_NEW_ARRAY(c->scratch, bool, sequence->n_steps);
    if (!f.n_reads || !f.producer || !f.is_gone)
        return OQ_NOMEM;
    count_reads(&f, sequence);
    note_producers(&f);
    for (size_t p = 0; p < sizeof patterns / sizeof *patterns; p++) {
        for (size_t i = 0; i < sequence->n_steps; i++) {
            if (!f.is_gone[i])
                OQ_TRY(patterns[p](&f, i));
        }
    }
    OQ_TRY(oq_fuse_rows(&f));
    close_gaps(&f);
    return OQ_OK;
}
