#include "exec/rows.h"

#include <string.h>

#include "tap/tap.h"

static void test_places(void)
{
    oq_rows rows = {.n_in = 1, .n_ops = 3};

    for (int i = 0; i < 3; i++)
        rows.ops[i] = (oq_rows_op){.kind = OQ_ROWS_UNARY, .which = OQ_EXP, .a = i, .b = -1, .c = -1};
    ok(oq_rows_place(&rows), "a chain of three finds its places");
    is_int(rows.n_registers, 1, "each works in place: one register");
    is_int(rows.ops[2].place, -1, "the last result is the output");
}

/* n values of the input, then operations that read two of them each: all are live after the n-th. */
static bool fits(int n)
{
    oq_rows rows = {.n_in = 1};
    int sum = 1;

    for (int i = 0; i < n; i++)
        rows.ops[rows.n_ops++] =
            (oq_rows_op){.kind = OQ_ROWS_UNARY, .which = OQ_EXP, .a = 0, .b = -1, .c = -1};
    for (int i = 2; i <= n; i += 2) {
        rows.ops[rows.n_ops++] =
            (oq_rows_op){.kind = OQ_ROWS_LAYER_NORM, .a = sum, .b = i, .c = i + 1 <= n ? i + 1 : -1};
        sum = rows.n_ops;
    }
    return oq_rows_place(&rows);
}

static void test_too_many(void)
{
    ok(fits(OQ_ROWS_MAX_REGISTERS), "as many values as there are registers fit");
    ok(!fits(OQ_ROWS_MAX_REGISTERS + 1), "one more does not");
}

static void test_numbers(void)
{
    oq_rows rows = {.n_in = 1, .n_ops = 2};

    rows.ops[0] = (oq_rows_op){.kind = OQ_ROWS_MEAN, .a = 0, .b = -1, .c = -1, .is_number = true};
    rows.ops[1] = (oq_rows_op){.kind = OQ_ROWS_BINARY, .which = OQ_SUB, .a = 0, .b = 1, .c = -1};
    ok(oq_rows_place(&rows), "a mean and its difference");
    is_int(rows.n_registers, 0, "a number needs no register");
}

int main(void)
{
    test_places();
    test_too_many();
    test_numbers();
    ok(strcmp(oq_op_rows.name, "Rows") == 0, "the step has a name");
    return tap_done();
}
