#include "op/op_elems.h"

#include "tap/tap.h"

static const char n[] = "N", m[] = "M";

static oq_elem sym(const char *symbol)
{
    return (oq_elem){.symbol = symbol};
}

static bool is_symbol(oq_elem e, const char *symbol)
{
    return !e.is_known && e.symbol == symbol;
}

static bool is_number(oq_elem e, int64_t value)
{
    return e.is_known && e.value == value;
}

static void keeps_neutral_symbols(void)
{
    oq_elem zero = oq_elem_known(0), one = oq_elem_known(1), two = oq_elem_known(2);

    ok(is_symbol(oq_elem_binary(OQ_ELEM_ADD, sym(n), zero), n), "N + 0 = N");
    ok(is_symbol(oq_elem_binary(OQ_ELEM_MUL, one, sym(n)), n), "1 * N = N");
    ok(is_symbol(oq_elem_binary(OQ_ELEM_DIV, sym(n), one), n), "N / 1 = N");
    ok(is_number(oq_elem_binary(OQ_ELEM_SUB, sym(n), sym(n)), 0), "N - N = 0");
    ok(is_number(oq_elem_binary(OQ_ELEM_MUL, sym(n), zero), 0), "N * 0 = 0");
    ok(is_symbol(oq_elem_binary(OQ_ELEM_MAX, sym(n), zero), n), "max(N, 0) = N: sizes are not negative");
    ok(!oq_elem_binary(OQ_ELEM_MAX, sym(n), one).symbol, "max(N, 1) is open: N may be 0");
    ok(!oq_elem_binary(OQ_ELEM_MUL, sym(n), two).symbol, "2N is no symbol");
    ok(!oq_elem_binary(OQ_ELEM_DIV, sym(n), sym(n)).is_known, "N / N is open: N may be 0");
    ok(is_number(oq_elem_binary(OQ_ELEM_EQUAL, sym(n), oq_elem_known(-1)), 0), "N is never -1");
    ok(is_number(oq_elem_binary(OQ_ELEM_EQUAL, sym(n), sym(n)), 1), "N = N");
    ok(!oq_elem_binary(OQ_ELEM_EQUAL, sym(n), sym(m)).is_known, "N = M is open");
}

static void computes_numbers_without_traps(void)
{
    oq_elem least = oq_elem_known(INT64_MIN), minus = oq_elem_known(-1), zero = oq_elem_known(0);

    ok(is_number(oq_elem_binary(OQ_ELEM_DIV, least, minus), INT64_MIN), "the least number by -1 wraps");
    ok(is_number(oq_elem_binary(OQ_ELEM_DIV, minus, zero), 0), "by zero gives 0");
    ok(is_number(oq_elem_binary(OQ_ELEM_MOD, least, minus), 0), "modulo -1 is 0");
    ok(is_number(oq_elem_binary(OQ_ELEM_MOD, oq_elem_known(-4), oq_elem_known(3)), 2), "-4 mod 3 = 2");
    ok(is_number(oq_elem_binary(OQ_ELEM_ADD, oq_elem_known(INT64_MAX), oq_elem_known(1)), INT64_MIN),
       "sums wrap");
}

static void turns_into_dims_and_back(void)
{
    is_int(oq_dim_of_elem(oq_elem_known(-1)).size, -1, "a negative number is an unknown size");
    ok(oq_dim_of_elem(sym(n)).symbol == n, "a symbol is a size");
    ok(is_number(oq_elem_of_dim(oq_dim_of(3)), 3), "a size is a number");
}

int main(void)
{
    keeps_neutral_symbols();
    computes_numbers_without_traps();
    turns_into_dims_and_back();
    return tap_done();
}
