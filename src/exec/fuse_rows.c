/* fuse_rows: chains of element by element steps, with means and softmaxes of rows between them, as one step.
 *
 *     x -> ReduceMean -> m    x, m -> Sub -> d -> Pow 2 -> ReduceMean -> Add eps -> Sqrt -> s
 *     d, s -> Div -> Mul scale -> Add bias -> y                                        (LayerNormalization)
 *  => x, eps, scale, bias -> Rows -> y
 *
 * and GELU spelled out, a bias with what follows it, a scaled and masked softmax, x * Sigmoid(x). A chain
 * grows backwards from its last step, the root: a step joins when all readers of its result belong to the
 * chain and the result is as large as the root's, or holds one number per row of it. Shapes must be known to
 * agree, by size or by symbol: an Add whose operands only may be equal could turn out to spread the smaller
 * one. Must not fire on other types than float32, and not on what is watched.
 */
#include <string.h>

#include "exec/fuse.h"
#include "exec/rows.h"

/* ---- what a step does */

typedef enum { NOT_OURS, BINARY, UNARY, POWER, REDUCE, SOFTMAX, LAYER_NORM } form;

typedef struct {
    const char *name;
    form form;
    int which;
} known_op;

static const known_op known_ops[] = {
    {"Add", BINARY, OQ_ADD},
    {"Sub", BINARY, OQ_SUB},
    {"Mul", BINARY, OQ_MUL},
    {"Div", BINARY, OQ_DIV},
    {"Pow", POWER, 0},
    {"Abs", UNARY, OQ_ABS},
    {"Neg", UNARY, OQ_NEG},
    {"Relu", UNARY, OQ_RELU},
    {"Sqrt", UNARY, OQ_SQRT},
    {"Reciprocal", UNARY, OQ_RECIPROCAL},
    {"Exp", UNARY, OQ_EXP},
    {"Log", UNARY, OQ_LOG},
    {"Erf", UNARY, OQ_ERF},
    {"Tanh", UNARY, OQ_TANH},
    {"Sigmoid", UNARY, OQ_SIGMOID},
    {"ReduceMean", REDUCE, OQ_ROWS_MEAN},
    {"ReduceSum", REDUCE, OQ_ROWS_SUM},
    {"Softmax", SOFTMAX, 0},
    {"LayerNormalization", LAYER_NORM, 0},
};

static const known_op *known(const oq_step *step)
{
    const oq_node *node = step->node;

    if (step->is_integer || step->epilogue || step->state || step->bodies || step->view || *node->domain ||
        step->op != node->op || node->opset < 7 || step->n_out < 1 || !step->out[0])
        return NULL;
    for (int i = 1; i < step->n_out; i++) {
        if (step->out[i] && step->wanted[i])
            return NULL;
    }
    for (size_t i = 0; i < sizeof known_ops / sizeof *known_ops; i++) {
        if (oq_node_is(node, known_ops[i].name))
            return &known_ops[i];
    }
    return NULL;
}

/* ---- shapes */

/* The first n dims of a and b agree. */
static bool same_dims(const oq_shape *a, const oq_shape *b, int n)
{
    bool same = true;

    for (int i = 0; i < n && same; i++)
        same = oq_same_dim(&a->dims[i], &b->dims[i]);
    return same;
}

static bool is_full(const oq_value *value, const oq_shape *full)
{
    return value->dtype == OQ_FLOAT && value->shape.rank == full->rank &&
           same_dims(&value->shape, full, full->rank);
}

/* Rows are something to sum over: their length is known and more than one. */
static bool has_rows(const oq_shape *full)
{
    return full->rank > 0 && full->dims[full->rank - 1].size > 1;
}

static bool is_number(const oq_value *value, const oq_shape *full)
{
    return value->dtype == OQ_FLOAT && has_rows(full) && value->shape.rank == full->rank &&
           same_dims(&value->shape, full, full->rank - 1) && value->shape.dims[full->rank - 1].size == 1;
}

static bool spreads_to(const oq_value *value, const oq_shape *full)
{
    const oq_shape *shape = &value->shape;
    bool fits = value->dtype == OQ_FLOAT && shape->rank >= 0 && shape->rank <= full->rank;

    for (int i = 0; i < shape->rank && fits; i++)
        fits = shape->dims[i].size == 1 ||
               oq_same_dim(&shape->dims[i], &full->dims[i + full->rank - shape->rank]);
    return fits;
}

/* One row for all: as long as the last axis, without others. */
static bool is_row(const oq_value *value, const oq_shape *full)
{
    return value->dtype == OQ_FLOAT && value->shape.rank == 1 &&
           oq_same_dim(&value->shape.dims[0], &full->dims[full->rank - 1]);
}

/* ---- may this step belong to a chain whose result has that shape? */

/* Exponent 2 or 3, for all elements; else 0. */
static int exponent_of(const oq_compiler *c, const oq_step *step)
{
    const oq_tensor *tensor = step->n_in == 2 ? oq_fixed_contents(c, step->in[1]) : NULL;
    float value;

    if (!tensor || tensor->dtype != OQ_FLOAT || tensor->n_elements != 1 ||
        !oq_tensor_floats_at(tensor, 0, 1, &value))
        return 0;
    return value == 2 ? 2 : value == 3 ? 3 : 0;
}

/* The only axis is the last, and it stays as one of size 1. */
static bool reduces_rows(const oq_compiler *c, const oq_step *step, int rank)
{
    const oq_tensor *given = step->n_in > 1 ? oq_fixed_contents(c, step->in[1]) : NULL;
    size_t n = 0;
    const int64_t *axes = oq_node_ints(step->node, "axes", &n);
    int64_t axis = 0;

    if (!oq_node_int(step->node, "keepdims", 1))
        return false;
    if (given && (given->n_elements != 1 || !oq_tensor_int(given, 0, &axis)))
        return false;
    if (!given && (n != 1 || step->n_in > 1))
        return false;
    axis = given ? axis : axes[0];
    return axis == -1 || axis == rank - 1;
}

static bool works_on_rows(const oq_step *step, int rank)
{
    int64_t axis = oq_node_int(step->node, "axis", -1);

    return axis == -1 || axis == rank - 1;
}

static bool inputs_fit(const oq_step *step, int n, const oq_shape *full)
{
    bool fits = step->n_in >= n;

    for (int i = 0; i < n && fits; i++)
        fits = step->in[i] && spreads_to(step->in[i], full);
    return fits;
}

static const known_op *joins(const oq_compiler *c, const oq_step *step, const oq_shape *full)
{
    const known_op *op = known(step);
    bool fits = false;

    if (!op)
        return NULL;
    switch (op->form) {
    case BINARY: fits = step->n_in == 2 && inputs_fit(step, 2, full); break;
    case UNARY: fits = step->n_in == 1 && inputs_fit(step, 1, full); break;
    case POWER: fits = exponent_of(c, step) > 0 && inputs_fit(step, 1, full); break;
    case REDUCE: fits = is_full(step->in[0], full) && reduces_rows(c, step, full->rank); break;
    case SOFTMAX:
        fits = step->node->opset >= 13 && is_full(step->in[0], full) && works_on_rows(step, full->rank);
        break;
    case LAYER_NORM:
        fits = is_full(step->in[0], full) && works_on_rows(step, full->rank) && is_row(step->in[1], full) &&
               (step->n_in < 3 || !step->in[2] || is_row(step->in[2], full));
        break;
    default: break;
    }
    if (fits && (op->form == REDUCE || op->form == SOFTMAX || op->form == LAYER_NORM))
        fits = has_rows(full);
    return fits ? op : NULL;
}

/* ---- the chain */

typedef struct {
    oq_fuser *f;
    const oq_shape *full;
    size_t steps[OQ_ROWS_MAX_OPS]; /* the root first */
    int n;
    oq_value *in[OQ_ROWS_MAX_IN]; /* what it reads from outside */
    int n_in;
} chain;

static bool has_step(const chain *c, int step)
{
    for (int i = 0; i < c->n; i++) {
        if ((int)c->steps[i] == step)
            return true;
    }
    return false;
}

/* How often the chain reads value. */
static int reads_of(const chain *c, const oq_value *value)
{
    int n = 0;

    for (int i = 0; i < c->n; i++) {
        const oq_step *step = &c->f->sequence->steps[c->steps[i]];

        for (int k = 0; k < step->n_in; k++)
            n += step->in[k] == value;
    }
    return n;
}

/* Is input k of the step data, or a constant that says what the step does? */
static bool is_data(const oq_step *step, int k)
{
    const known_op *op = known(step);

    return k == 0 || op->form == BINARY || op->form == LAYER_NORM;
}

/* Collect what the chain reads from outside; false: too much. */
static bool collect_inputs(chain *c)
{
    c->n_in = 0;
    for (int i = c->n - 1; i >= 0; i--) {
        const oq_step *step = &c->f->sequence->steps[c->steps[i]];

        for (int k = 0; k < step->n_in; k++) {
            oq_value *value = step->in[k];
            int at = 0;

            if (!value || !is_data(step, k) || has_step(c, c->f->producer[value->id]))
                continue;
            while (at < c->n_in && c->in[at] != value)
                at++;
            if (at == OQ_ROWS_MAX_IN)
                return false;
            c->in[at] = value;
            c->n_in = at == c->n_in ? at + 1 : c->n_in;
        }
    }
    return true;
}

/* Take in the producer of value, when it may vanish into the chain. */
static bool take(chain *c, const oq_value *value)
{
    int p = c->f->producer[value->id];
    const oq_step *step = p < 0 ? NULL : &c->f->sequence->steps[p];

    if (!step || c->f->is_gone[p] || has_step(c, p) || c->n + 2 > OQ_ROWS_MAX_OPS ||
        oq_is_watched(c->f->c, value) || reads_of(c, value) != c->f->n_reads[value->id] ||
        !(is_full(value, c->full) || is_number(value, c->full)) || !joins(c->f->c, step, c->full))
        return false;
    c->steps[c->n++] = (size_t)p;
    if (collect_inputs(c))
        return true;
    c->n--;
    return false;
}

static void grow(chain *c)
{
    bool grew = true;

    while (grew) {
        grew = false;
        for (int i = 0; i < c->n; i++) {
            const oq_step *step = &c->f->sequence->steps[c->steps[i]];

            for (int k = 0; k < step->n_in; k++)
                grew = (step->in[k] && is_data(step, k) && take(c, step->in[k])) || grew;
        }
    }
}

/* ---- the chain as operations */

/* Number of a value in the chain: an input, or the result of an operation. -1: none. */
static int number_of(const chain *c, const int *result, const oq_value *value)
{
    if (!value)
        return -1;
    for (int i = 0; i < c->n_in; i++) {
        if (c->in[i] == value)
            return i;
    }
    return result[value->id];
}

static oq_rows_op *add_op(oq_rows *rows, oq_rows_kind kind, int which, int a, int b)
{
    oq_rows_op *op = &rows->ops[rows->n_ops++];

    *op = (oq_rows_op){.kind = kind, .which = which, .a = a, .b = b, .c = -1};
    return op;
}

static void add_step(const chain *c, oq_rows *rows, int *result, const oq_step *step)
{
    const known_op *known_as = known(step);
    int a = number_of(c, result, step->in[0]);
    int b = step->n_in > 1 && is_data(step, 1) ? number_of(c, result, step->in[1]) : -1;
    bool gives_number = is_number(step->out[0], c->full);
    oq_rows_op *op = NULL;

    switch (known_as->form) {
    case BINARY: op = add_op(rows, OQ_ROWS_BINARY, known_as->which, a, b); break;
    case UNARY: op = add_op(rows, OQ_ROWS_UNARY, known_as->which, a, -1); break;
    case POWER: /* x * x, then times x again: as Pow itself computes them */
        op = add_op(rows, OQ_ROWS_BINARY, OQ_MUL, a, a);
        if (exponent_of(c->f->c, step) == 3) {
            op->is_number = gives_number;
            op = add_op(rows, OQ_ROWS_BINARY, OQ_MUL, rows->n_in + rows->n_ops - 1, a);
        }
        break;
    case REDUCE: op = add_op(rows, (oq_rows_kind)known_as->which, 0, a, -1); break;
    case SOFTMAX: op = add_op(rows, OQ_ROWS_SOFTMAX, 0, a, -1); break;
    default:
        op = add_op(rows, OQ_ROWS_LAYER_NORM, 0, a, b);
        op->c = step->n_in > 2 ? number_of(c, result, step->in[2]) : -1;
        op->epsilon = oq_node_float(step->node, "epsilon", 1e-5f);
    }
    op->is_number = gives_number;
    result[step->out[0]->id] = rows->n_in + rows->n_ops - 1;
}

/* Which inputs must have which form when the step runs. */
static void note_inputs(const chain *c, oq_rows *rows)
{
    for (int k = 0; k < c->n_in; k++) {
        if (is_full(c->in[k], c->full))
            rows->full |= 1u << k;
    }
    for (int i = 0; i < rows->n_ops; i++) {
        const oq_rows_op *op = &rows->ops[i];
        bool takes_row = op->kind != OQ_ROWS_BINARY && op->kind != OQ_ROWS_UNARY;

        rows->needs_rows |= takes_row;
        if (takes_row && op->a < c->n_in)
            rows->whole |= 1u << op->a;
        if (op->kind == OQ_ROWS_LAYER_NORM)
            rows->whole |= 1u << op->b | (op->c >= 0 ? 1u << op->c : 0);
    }
}

/* Steps of the chain in the order they ran. */
static void sort_steps(chain *c)
{
    for (int i = 1; i < c->n; i++) {
        size_t step = c->steps[i];
        int k = i;

        for (; k > 0 && c->steps[k - 1] > step; k--)
            c->steps[k] = c->steps[k - 1];
        c->steps[k] = step;
    }
}

static oq_rows *make_rows(chain *c)
{
    oq_rows *rows = OQ_NEW(c->f->c->arena, oq_rows);
    int *result = OQ_NEW_ARRAY(c->f->c->scratch, int, c->f->c->n_values);

    if (!rows || !result)
        return NULL;
    rows->n_in = c->n_in;
    for (int i = 0; i < c->n; i++) {
        if (rows->n_ops + 2 > OQ_ROWS_MAX_OPS)
            return rows; /* too long: the caller sees it */
        add_step(c, rows, result, &c->f->sequence->steps[c->steps[i]]);
    }
    note_inputs(c, rows);
    return rows;
}

static oq_status replace(chain *c)
{
    oq_step *root;
    oq_rows *rows;
    oq_value **in = OQ_NEW_ARRAY(c->f->c->arena, oq_value *, c->n_in);

    sort_steps(c);
    rows = make_rows(c);
    if (!rows || !in)
        return OQ_NOMEM;
    if (rows->n_ops < c->n || !oq_rows_place(rows))
        return OQ_OK; /* too much to hold: the steps stay single */
    memcpy(in, c->in, (size_t)c->n_in * sizeof(oq_value *));
    for (int i = 0; i + 1 < c->n; i++)
        c->f->is_gone[c->steps[i]] = true;
    root = &c->f->sequence->steps[c->steps[c->n - 1]];
    root->op = rows->needs_rows ? &oq_op_rows : &oq_op_rows_pure;
    root->state = rows;
    root->in = in;
    root->n_in = c->n_in;
    root->n_out = 1;
    return OQ_OK;
}

oq_status oq_fuse_rows(oq_fuser *f)
{
    for (size_t i = f->sequence->n_steps; i-- > 0;) {
        const oq_step *root = &f->sequence->steps[i];
        chain c = {.f = f, .steps = {i}, .n = 1};

        if (f->is_gone[i] || !known(root) || root->out[0]->dtype != OQ_FLOAT || root->out[0]->shape.rank < 0)
            continue;
        c.full = &root->out[0]->shape;
        if (!is_full(root->out[0], c.full) || !joins(f->c, root, c.full))
            continue;
        grow(&c);
        if (c.n > 1)
            OQ_TRY(replace(&c));
    }
    return OQ_OK;
}
