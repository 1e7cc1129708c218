#include "op/op_elems.h"

#include <string.h>

oq_elem oq_elem_of_dim(oq_dim dim)
{
    return dim.size >= 0 ? oq_elem_known(dim.size) : (oq_elem){.symbol = dim.symbol};
}

oq_dim oq_dim_of_elem(oq_elem elem)
{
    if (elem.is_known)
        return elem.value >= 0 ? oq_dim_of(elem.value) : oq_dim_unknown();
    return (oq_dim){-1, elem.symbol};
}

bool oq_elem_same(oq_elem a, oq_elem b)
{
    if (a.is_known || b.is_known)
        return a.is_known && b.is_known && a.value == b.value;
    return a.symbol && a.symbol == b.symbol;
}

static bool is_number(oq_elem e, int64_t value)
{
    return e.is_known && e.value == value;
}

static int64_t floor_modulo(int64_t a, int64_t b)
{
    int64_t r;

    if (b == 0 || b == -1)
        return 0;
    r = a % b;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

static oq_elem both_known(oq_elem_op op, int64_t a, int64_t b)
{
    switch (op) {
    case OQ_ELEM_ADD: return oq_elem_known((int64_t)((uint64_t)a + (uint64_t)b));
    case OQ_ELEM_SUB: return oq_elem_known((int64_t)((uint64_t)a - (uint64_t)b));
    case OQ_ELEM_MUL: return oq_elem_known((int64_t)((uint64_t)a * (uint64_t)b));
    case OQ_ELEM_DIV: return oq_elem_known(b == 0 ? 0 : b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b);
    case OQ_ELEM_MOD: return oq_elem_known(floor_modulo(a, b));
    case OQ_ELEM_MIN: return oq_elem_known(a < b ? a : b);
    case OQ_ELEM_MAX: return oq_elem_known(a > b ? a : b);
    case OQ_ELEM_EQUAL: return oq_elem_known(a == b);
    default: return oq_elem_unknown();
    }
}

/* A symbol is a size: never negative. Zero is possible, so N / N stays unknown. */
oq_elem oq_elem_binary(oq_elem_op op, oq_elem a, oq_elem b)
{
    bool is_same = oq_elem_same(a, b);

    if (a.is_known && b.is_known)
        return both_known(op, a.value, b.value);
    switch (op) {
    case OQ_ELEM_ADD: return is_number(b, 0) ? a : is_number(a, 0) ? b : oq_elem_unknown();
    case OQ_ELEM_SUB: return is_number(b, 0) ? a : is_same ? oq_elem_known(0) : oq_elem_unknown();
    case OQ_ELEM_MUL:
        if (is_number(a, 0) || is_number(b, 0))
            return oq_elem_known(0);
        return is_number(b, 1) ? a : is_number(a, 1) ? b : oq_elem_unknown();
    case OQ_ELEM_DIV: return is_number(b, 1) ? a : oq_elem_unknown();
    case OQ_ELEM_MOD: return is_number(b, 1) ? oq_elem_known(0) : oq_elem_unknown();
    case OQ_ELEM_MIN:
    case OQ_ELEM_MAX: {
        oq_elem number = a.is_known ? a : b, symbol = a.is_known ? b : a;

        if (is_same)
            return a;
        if (number.is_known && number.value <= 0 && symbol.symbol)
            return op == OQ_ELEM_MAX ? symbol : number.value < 0 ? number : oq_elem_unknown();
        return oq_elem_unknown();
    }
    case OQ_ELEM_EQUAL:
        if (is_same)
            return oq_elem_known(1);
        if ((a.is_known && a.value < 0 && b.symbol) || (b.is_known && b.value < 0 && a.symbol))
            return oq_elem_known(0);
        return oq_elem_unknown();
    default: return oq_elem_unknown();
    }
}

const oq_elems *oq_in_elems(const oq_infer *ctx, int i)
{
    return i < ctx->n_in && ctx->in_elems ? ctx->in_elems[i] : NULL;
}

bool oq_in_ints(const oq_infer *ctx, int i, int64_t *values, int *n)
{
    const oq_elems *elems = oq_in_elems(ctx, i);

    if (!elems)
        return false;
    for (int k = 0; k < elems->n; k++) {
        if (!elems->e[k].is_known)
            return false;
        values[k] = elems->e[k].value;
    }
    *n = elems->n;
    return true;
}

void oq_set_elems(oq_infer *ctx, int rank, int n, const oq_elem *e)
{
    if (n < 0 || n > OQ_MAX_ELEMS || !ctx->out_elems)
        return;
    ctx->out_elems->rank = rank;
    ctx->out_elems->n = n;
    for (int k = 0; k < n; k++)
        ctx->out_elems->e[k] = e[k];
    ctx->has_out_elems = true;
}

void oq_pass_elems(oq_infer *ctx, int rank)
{
    const oq_elems *elems = oq_in_elems(ctx, 0);

    if (elems && rank <= 1 && (rank == 1 || elems->n == 1))
        oq_set_elems(ctx, rank, elems->n, elems->e);
}

bool oq_has_input(const oq_infer *ctx, int i)
{
    return i < ctx->n_in && ctx->node->inputs[i] != NULL;
}

oq_shape oq_shape_ranked(int rank)
{
    oq_shape shape = {.rank = rank};

    for (int i = 0; i < rank && i < OQ_MAX_RANK; i++)
        shape.dims[i] = oq_dim_unknown();
    return rank <= OQ_MAX_RANK ? shape : oq_shape_unknown();
}
