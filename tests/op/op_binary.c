#include <math.h>

#include "op/op_elementwise.h"
#include "tap/tap.h"

static void steps_of_every_kind(void)
{
    oq_loop_fn *sub = oq_loop_for(OQ_LOOP_SUB, OQ_INT32);
    const int32_t a[] = {10, 20}, b[] = {1, 2};
    int32_t out[2];

    sub(out, a, b, 2, 1, 1);
    is_mem(out, ((int32_t[]){9, 18}), 8, "both advance");
    sub(out, a, b, 2, 1, 0);
    is_mem(out, ((int32_t[]){9, 19}), 8, "b stands still");
    sub(out, a, b, 2, 0, 1);
    is_mem(out, ((int32_t[]){9, 8}), 8, "a stands still");
    sub(out, a, b, 2, 0, 0);
    is_mem(out, ((int32_t[]){9, 9}), 8, "both stand still");
}

static void narrow_integers_wrap(void)
{
    int8_t out[1];

    oq_loop_for(OQ_LOOP_MUL, OQ_INT8)(out, (int8_t[]){100}, (int8_t[]){3}, 1, 1, 1);
    is_int(out[0], 44, "300 is 44 modulo 256");
    oq_loop_for(OQ_LOOP_DIV, OQ_INT8)(out, (int8_t[]){-128}, (int8_t[]){-1}, 1, 1, 1);
    is_int(out[0], -128, "-128 / -1 wraps to itself");
    oq_loop_for(OQ_LOOP_PRELU, OQ_INT8)(out, (int8_t[]){-4}, (int8_t[]){2}, 1, 1, 1);
    is_int(out[0], -8, "a slope of 2 below zero");
}

static void float_remainders(void)
{
    double out[1];
    oq_loop_fn *mod = oq_loop_for(OQ_LOOP_MOD, OQ_DOUBLE);

    mod(out, (double[]){-4.5}, (double[]){2.0}, 1, 1, 1);
    is_float(out[0], 1.5, 0, "-4.5 mod 2");
    mod(out, (double[]){5.0}, (double[]){-INFINITY}, 1, 1, 1);
    ok(isinf(out[0]) && out[0] < 0, "5 mod -inf");
    mod(out, (double[]){4.0}, (double[]){-2.0}, 1, 1, 1);
    ok(out[0] == 0 && signbit(out[0]), "a zero has the sign of the divisor");
    mod(out, (double[]){1.0}, (double[]){0.0}, 1, 1, 1);
    ok(isnan(out[0]), "modulo zero is NaN");
}

static void has_no_loop_without_meaning(void)
{
    ok(!oq_loop_for(OQ_LOOP_ADD, OQ_BOOL), "bool is not added");
    ok(!oq_loop_for(OQ_LOOP_AND, OQ_FLOAT), "floats are not anded");
    ok(!oq_loop_for(OQ_LOOP_ADD, OQ_FLOAT16), "halves go through float");
    ok(!oq_loop_for(OQ_LOOP_LESS, OQ_STRING), "strings are not ordered");
}

int main(void)
{
    steps_of_every_kind();
    narrow_integers_wrap();
    float_remainders();
    has_no_loop_without_meaning();
    return tap_done();
}
