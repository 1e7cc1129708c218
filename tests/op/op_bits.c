#include <string.h>

#include "host.h"
#include "tap/tap.h"

static int64_t shift(int opset, oq_dtype dtype, const void *x, const void *y, const char *direction)
{
    host *h = host_new("BitShift", opset, 2, 1);
    int64_t result;

    oq_node_set_string(h->node, "direction", direction);
    host_array(h, 0, dtype, x, DIMS(1));
    host_array(h, 1, dtype, y, DIMS(1));
    is_int(host_run(h), OQ_OK, "BitShift runs");
    result = host_int(h, 0, 0);
    host_free(h);
    return result;
}

static void shifts(void)
{
    is_int(shift(11, OQ_UINT8, (uint8_t[]){0x81}, (uint8_t[]){1}, "LEFT"), 2, "the top bit of uint8 goes");
    is_int(shift(11, OQ_UINT8, (uint8_t[]){0x81}, (uint8_t[]){1}, "RIGHT"), 0x40, "the low bit goes");
    is_int(shift(11, OQ_UINT32, (uint32_t[]){5}, (uint32_t[]){32}, "RIGHT"), 0,
           "a shift by the width leaves 0");
    is_int(shift(11, OQ_UINT64, (uint64_t[]){5}, (uint64_t[]){UINT64_MAX}, "LEFT"), 0, "by far more too");
    is_int(shift(28, OQ_INT16, (int16_t[]){-5}, (int16_t[]){1}, "RIGHT"), -3,
           "the sign fills: floor(-5 / 2)");
    is_int(shift(28, OQ_INT8, (int8_t[]){-5}, (int8_t[]){8}, "RIGHT"), -1, "only sign bits are left");
    is_int(shift(28, OQ_INT64, (int64_t[]){-5}, (int64_t[]){-1}, "RIGHT"), -1, "a negative shift likewise");
    is_int(shift(28, OQ_INT8, (int8_t[]){0x41}, (int8_t[]){1}, "LEFT"), -126, "a bit moves into the sign");
}

static void combines(void)
{
    host *h = host_new("BitwiseAnd", 18, 2, 1);

    host_array(h, 0, OQ_INT32, (int32_t[]){12, -1, 7, 0}, DIMS(2, 2));
    host_array(h, 1, OQ_INT32, (int32_t[]){10, 3}, DIMS(2));
    is_int(host_run(h), OQ_OK, "BitwiseAnd of a row broadcast runs");
    is_mem(h->out[0].data, ((int32_t[]){8, 3, 2, 0}), 16, "bit by bit");
    host_array(h, 1, OQ_INT16, (int16_t[]){10, 3}, DIMS(2));
    is_int(host_run(h), OQ_SHAPE, "two types are refused");
    host_array(h, 1, OQ_INT32, (int32_t[]){1, 2, 3}, DIMS(3));
    is_int(host_run(h), OQ_SHAPE, "and shapes that do not broadcast");
    host_free(h);

    h = host_new("BitwiseXor", 18, 2, 1);
    host_array(h, 0, OQ_UINT8, (uint8_t[]){12}, DIMS(1));
    host_array(h, 1, OQ_UINT8, (uint8_t[]){10}, DIMS(1));
    is_int(host_run(h), OQ_OK, "BitwiseXor runs");
    is_int(host_int(h, 0, 0), 6, "1100 xor 1010 = 0110");
    host_free(h);

    h = host_new("BitwiseOr", 18, 2, 1);
    host_array(h, 0, OQ_UINT64, (uint64_t[]){12}, DIMS(1));
    host_array(h, 1, OQ_UINT64, (uint64_t[]){10}, DIMS(1));
    is_int(host_run(h), OQ_OK, "BitwiseOr runs");
    is_int(host_int(h, 0, 0), 14, "1100 or 1010 = 1110");
    host_free(h);

    h = host_new("BitwiseNot", 18, 1, 1);
    host_array(h, 0, OQ_INT16, (int16_t[]){5, -1}, DIMS(2));
    is_int(host_run(h), OQ_OK, "BitwiseNot runs");
    is_mem(h->out[0].data, ((int16_t[]){-6, 0}), 4, "~x = -x - 1");
    host_free(h);
}

static void reinterprets(void)
{
    host *h = host_new("BitCast", 26, 1, 1);

    oq_node_set_int(h->node, "to", OQ_INT32);
    host_floats(h, 0, (float[]){1, -0.0f}, DIMS(2));
    is_int(host_run(h), OQ_OK, "BitCast runs");
    is_str(host_out_shape(h, 0), "int32[2]", "another type, the same shape");
    is_mem(h->out[0].data, ((uint32_t[]){0x3f800000, 0x80000000}), 8, "the bits of 1 and -0");
    host_type(h, 0, OQ_FLOAT, DIMS(-1, 2));
    is_int(host_infer(h), OQ_OK, "BitCast infers");
    is_str(host_out_type(h, 0), "int32[?,2]", "type and shape");
    host_type(h, 0, OQ_DOUBLE, DIMS(2));
    is_int(host_infer(h), OQ_SHAPE, "64 bits are not 32");
    oq_node_set_int(h->node, "to", OQ_INT64);
    is_int(host_run(h), OQ_SHAPE, "nor the other way round");
    oq_node_set_int(h->node, "to", OQ_STRING);
    is_int(host_run(h), OQ_SHAPE, "strings are not made of bits");
    host_free(h);
}

static void direction_is_needed(void)
{
    host *h = host_new("BitShift", 11, 2, 1);

    host_array(h, 0, OQ_UINT8, (uint8_t[]){1}, DIMS(1));
    host_array(h, 1, OQ_UINT8, (uint8_t[]){1}, DIMS(1));
    is_int(host_run(h), OQ_UNSUPPORTED, "a shift without direction is refused");
    host_free(h);
}

int main(void)
{
    shifts();
    combines();
    reinterprets();
    direction_is_needed();
    return tap_done();
}
