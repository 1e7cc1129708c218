#include <math.h>

#include "host.h"
#include "tap/tap.h"

static void adds_with_broadcasting(void)
{
    host *h = host_new("Add", 13, 2, 1);

    host_floats(h, 0, (float[]){1, 2, 3, 4, 5, 6}, DIMS(2, 3));
    host_floats(h, 1, (float[]){10, 20}, DIMS(2, 1));
    is_int(host_run(h), OQ_OK, "Add runs");
    is_str(host_out_shape(h, 0), "float[2,3]", "a column is repeated along the rows");
    is_float(host_float(h, 0, 2), 13, 0, "row 0 gets 10");
    is_float(host_float(h, 0, 3), 24, 0, "row 1 gets 20");
    host_floats(h, 0, (float[]){1, 2, 3}, DIMS(3));
    host_floats(h, 1, (float[]){10, 20}, DIMS(2, 1));
    is_int(host_run(h), OQ_OK, "an outer sum runs");
    is_str(host_out_shape(h, 0), "float[2,3]", "both operands are repeated");
    is_float(host_float(h, 0, 5), 23, 0, "3 + 20");
    host_floats(h, 1, (float[]){10, 20}, DIMS(2));
    is_int(host_run(h), OQ_SHAPE, "3 and 2 do not broadcast");
    is_str(h->diag.message, "node 'it' (Add-13): inputs of shapes [3] and [2] do not broadcast",
           "the message names node and shapes");
    host_floats(h, 1, NULL, DIMS(0, 1));
    is_int(host_run(h), OQ_OK, "an empty operand is fine");
    is_str(host_out_shape(h, 0), "float[0,3]", "and gives an empty result");
    host_free(h);
}

static void works_in_place(void)
{
    host *h = host_new("Sub", 14, 2, 1);

    h->lends_input = true;
    host_floats(h, 0, (float[]){1}, DIMS(1));
    host_floats(h, 1, (float[]){1, 2, 3}, DIMS(3));
    is_int(host_run(h), OQ_OK, "Sub runs in the memory of its second input");
    is_int(h->aliased_to[0], 1, "the input of the result's shape lends it");
    is_float(host_float(h, 0, 2), -2, 0, "1 - 3");
    host_free(h);
}

static void integers_never_trap(void)
{
    host *h = host_new("Div", 14, 2, 1);
    const int32_t x[] = {7, -7, 5, INT32_MIN}, y[] = {2, 2, 0, -1};

    host_array(h, 0, OQ_INT32, x, DIMS(4));
    host_array(h, 1, OQ_INT32, y, DIMS(4));
    is_int(host_run(h), OQ_OK, "Div of int32 runs");
    is_int(host_int(h, 0, 0), 3, "7 / 2");
    is_int(host_int(h, 0, 1), -3, "-7 / 2 goes toward zero");
    is_int(host_int(h, 0, 2), 0, "by zero gives 0");
    is_int(host_int(h, 0, 3), INT32_MIN, "the least number by -1 wraps to itself");
    host_free(h);

    h = host_new("Mul", 14, 2, 1);
    host_array(h, 0, OQ_UINT16, (uint16_t[]){65535}, DIMS(1));
    host_array(h, 1, OQ_UINT16, (uint16_t[]){65535}, DIMS(1));
    is_int(host_run(h), OQ_OK, "Mul of uint16 runs");
    is_int(host_int(h, 0, 0), 1, "65535 squared is 1 modulo 65536");
    host_free(h);
}

static void modulo_has_two_kinds(void)
{
    host *h = host_new("Mod", 13, 2, 1);

    host_array(h, 0, OQ_INT64, (int64_t[]){-4, 7, 5}, DIMS(3));
    host_array(h, 1, OQ_INT64, (int64_t[]){3, -3, 0}, DIMS(3));
    is_int(host_run(h), OQ_OK, "Mod runs");
    is_int(host_int(h, 0, 0), 2, "-4 mod 3 has the sign of the divisor");
    is_int(host_int(h, 0, 1), -2, "7 mod -3 too");
    is_int(host_int(h, 0, 2), 0, "modulo zero is 0");
    oq_node_set_int(h->node, "fmod", 1);
    is_int(host_run(h), OQ_OK, "fmod runs");
    is_int(host_int(h, 0, 0), -1, "-4 fmod 3 has the sign of the dividend");
    oq_node_set_int(h->node, "fmod", 0);
    host_floats(h, 0, (float[]){1}, DIMS(1));
    host_floats(h, 1, (float[]){1}, DIMS(1));
    is_int(host_run(h), OQ_SHAPE, "floats need fmod = 1");
    host_free(h);
}

static void extremes_let_nan_through(void)
{
    host *h = host_new("Max", 13, 3, 1);

    host_floats(h, 0, (float[]){1, NAN}, DIMS(2));
    host_floats(h, 1, (float[]){3}, SCALAR);
    host_floats(h, 2, (float[]){2, 9}, DIMS(2, 1));
    is_int(host_run(h), OQ_OK, "Max of three runs");
    is_str(host_out_shape(h, 0), "float[2,2]", "all three broadcast");
    is_float(host_float(h, 0, 0), 3, 0, "max(1, 3, 2)");
    ok(isnan(host_float(h, 0, 1)), "NaN wins");
    is_float(host_float(h, 0, 2), 9, 0, "max(1, 3, 9)");
    host_free(h);

    h = host_new("Mean", 13, 3, 1);
    for (int i = 0; i < 3; i++)
        host_array(h, i, OQ_FLOAT16, (uint16_t[]){oq_f32_to_f16((float)(i + 1))}, DIMS(1));
    is_int(host_run(h), OQ_OK, "Mean of float16 runs");
    is_float(host_float(h, 0, 0), 2, 0, "(1 + 2 + 3) / 3");
    host_free(h);
}

static void compares_and_selects(void)
{
    host *h = host_new("Less", 13, 2, 1);

    host_array(h, 0, OQ_BFLOAT16, (uint16_t[]){oq_f32_to_bf16(1), oq_f32_to_bf16(NAN)}, DIMS(2));
    host_array(h, 1, OQ_BFLOAT16, (uint16_t[]){oq_f32_to_bf16(2)}, DIMS(1));
    is_int(host_run(h), OQ_OK, "Less of bfloat16 runs");
    is_str(host_out_shape(h, 0), "bool[2]", "the result is bool");
    is_int(host_int(h, 0, 0), 1, "1 < 2");
    is_int(host_int(h, 0, 1), 0, "NaN is less than nothing");
    host_free(h);

    h = host_new("Equal", 19, 2, 1);
    host_array(h, 0, OQ_STRING, (oq_string[]){{"ab", 2}, {"a", 1}}, DIMS(2));
    host_array(h, 1, OQ_STRING, (oq_string[]){{"ab", 2}}, DIMS(1));
    is_int(host_run(h), OQ_OK, "Equal of strings runs");
    is_int(host_int(h, 0, 0) * 2 + host_int(h, 0, 1), 2, "ab = ab, a differs");
    host_free(h);

    h = host_new("Where", 16, 3, 1);
    host_array(h, 0, OQ_BOOL, (uint8_t[]){1, 0}, DIMS(2, 1));
    host_floats(h, 1, (float[]){1, 2, 3}, DIMS(3));
    host_floats(h, 2, (float[]){-1}, SCALAR);
    is_int(host_run(h), OQ_OK, "Where runs");
    is_str(host_out_shape(h, 0), "float[2,3]", "condition, X and Y broadcast together");
    is_float(host_float(h, 0, 2), 3, 0, "X where true");
    is_float(host_float(h, 0, 3), -1, 0, "Y where false");
    host_free(h);
}

static void infers_types_and_contents(void)
{
    host *h = host_new("Mul", 14, 2, 1);

    host_type(h, 0, OQ_FLOAT, DIMS(-1, 3, 1));
    host_symbol(h, 0, 0, "N");
    host_type(h, 1, OQ_FLOAT, DIMS(3, 5));
    is_int(host_infer(h), OQ_OK, "Mul infers");
    is_str(host_out_type(h, 0), "float[N,3,5]", "a symbol survives");
    host_elems(h, 0, "N,4,1,?", 1);
    host_elems(h, 1, "1", 0);
    host_infer(h);
    is_str(host_out_elems(h), "N,4,1,?", "times 1 keeps symbols");
    host_elems(h, 1, "2", 0);
    host_infer(h);
    is_str(host_out_elems(h), "?,8,2,?", "2N is no symbol");
    host_type(h, 1, OQ_INT64, DIMS(3));
    h->in_elems_list[1] = NULL;
    is_int(host_infer(h), OQ_SHAPE, "4 and 3 contradict");
    host_free(h);

    h = host_new("Equal", 13, 2, 1);
    host_elems(h, 0, "N,-1,3", 1);
    host_elems(h, 1, "-1", 0);
    is_int(host_infer(h), OQ_OK, "Equal infers");
    is_str(host_out_elems(h), "0,1,0", "a size is never -1");
    host_free(h);

    h = host_new("Where", 16, 3, 1);
    host_elems(h, 0, "0,1,0", 1);
    host_elems(h, 1, "1,1,1", 1);
    host_elems(h, 2, "N,-1,3", 1);
    is_int(host_infer(h), OQ_OK, "Where infers");
    is_str(host_out_elems(h), "N,1,3", "contents are selected one by one");
    host_free(h);
}

int main(void)
{
    adds_with_broadcasting();
    works_in_place();
    integers_never_trap();
    modulo_has_two_kinds();
    extremes_let_nan_through();
    compares_and_selects();
    infers_types_and_contents();
    ok(!oq_op_find("", "LessOrEqual", 11), "LessOrEqual came with opset 12");
    return tap_done();
}
