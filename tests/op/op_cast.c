#include <math.h>
#include <string.h>

#include "host.h"
#include "tap/tap.h"

static host *cast(oq_dtype from, oq_dtype to, const void *data, int64_t n)
{
    host *h = host_new("Cast", 24, 1, 1);

    oq_node_set_int(h->node, "to", to);
    host_array(h, 0, from, data, DIMS(n));
    if (host_run(h) != OQ_OK)
        tap_bail("%s", h->diag.message);
    return h;
}

static void floats_to_integers(void)
{
    const float x[] = {2.9f, -2.9f, NAN, -1, 300, 3e9f};
    host *h = cast(OQ_FLOAT, OQ_INT32, x, 6);

    is_int(host_int(h, 0, 0), 2, "the fraction is cut");
    is_int(host_int(h, 0, 1), -2, "toward zero");
    is_int(host_int(h, 0, 2), 0, "NaN gives 0");
    is_int(host_int(h, 0, 5), INT32_MIN, "out of range gives the least int32");
    host_free(h);
    h = cast(OQ_FLOAT, OQ_UINT8, x, 6);
    is_int(host_int(h, 0, 3), 255, "-1 as uint8 keeps the low bits");
    is_int(host_int(h, 0, 4), 44, "300 too");
    host_free(h);
    h = cast(OQ_FLOAT, OQ_BOOL, (float[]){0, -0.0f, 0.1f, NAN}, 4);
    is_int(host_int(h, 0, 0) + host_int(h, 0, 1), 0, "zeros are false");
    is_int(host_int(h, 0, 2) + host_int(h, 0, 3), 2, "all else is true, NaN too");
    host_free(h);
}

static void integers_to_floats_round_once(void)
{
    /* 2^53 + 1 is between two doubles; 2^24 + 1 + 2^-29... rounds wrongly when it goes through a double. */
    const int64_t x[] = {16777217, ((int64_t)1 << 54) + ((int64_t)1 << 30) + 1};
    host *h = cast(OQ_INT64, OQ_FLOAT, x, 2);

    is_float(host_float(h, 0, 0), 16777216, 0, "ties go to even");
    is_float(host_float(h, 0, 1), (double)(float)x[1], 0, "a number above a tie goes up");
    host_free(h);
    h = cast(OQ_UINT64, OQ_FLOAT, (uint64_t[]){UINT64_MAX}, 1);
    is_float(host_float(h, 0, 0), 0x1p64, 0, "uint64 is unsigned");
    host_free(h);
    h = cast(OQ_BOOL, OQ_FLOAT16, (uint8_t[]){1, 0}, 2);
    is_float(host_float(h, 0, 0), 1, 0, "true is 1");
    host_free(h);
}

static void packed_types(void)
{
    host *h = cast(OQ_INT32, OQ_INT4, (int32_t[]){1, -2, 7}, 3);

    is_int(h->out[0].size, 2, "three 4-bit numbers take two bytes");
    is_int(host_int(h, 0, 0) * 100 + host_int(h, 0, 2), 107, "1 and 7");
    is_int(host_int(h, 0, 1), -2, "and -2");
    host_free(h);
    h = cast(OQ_UINT4, OQ_FLOAT, (uint8_t[]){0xe1, 0x05}, 3);
    is_float(host_float(h, 0, 1), 14, 0, "the high nibble is the second element");
    host_free(h);
    h = cast(OQ_FLOAT, OQ_FLOAT8E4M3FN, (float[]){1, 1000}, 2);
    is_int(((uint8_t *)h->out[0].data)[1], 0x7e, "float8 saturates");
    oq_node_set_int(h->node, "saturate", 0);
    host_run(h);
    is_int(((uint8_t *)h->out[0].data)[1], 0x7f, "or gives NaN with saturate = 0");
    host_free(h);
    h = cast(OQ_FLOAT, OQ_FLOAT8E8M0, (float[]){1.0f, 1.1f}, 2);
    is_int(((uint8_t *)h->out[0].data)[1], 128, "powers of two round up");
    oq_node_set_string(h->node, "round_mode", "down");
    host_run(h);
    is_int(((uint8_t *)h->out[0].data)[1], 127, "or down");
    host_free(h);
}

static void strings_hold_numbers(void)
{
    const oq_string words[] = {{"2.5", 3}, {"-INF", 4}}, wrong[] = {{"two", 3}};
    const oq_string *strings;
    host *h = host_new("Cast", 13, 1, 1);

    oq_node_set_int(h->node, "to", OQ_STRING);
    host_floats(h, 0, (float[]){1.5f, 0.1f}, DIMS(2));
    is_int(host_run(h), OQ_OK, "a cast to string runs");
    is_str(host_out_shape(h, 0), "string[2]", "element by element");
    strings = h->out[0].data;
    ok(strings[1].size == 3 && memcmp(strings[1].data, "0.1", 3) == 0, "with the digits it needs");
    oq_node_set_int(h->node, "to", OQ_FLOAT16);
    host_array(h, 0, OQ_STRING, words, DIMS(2));
    is_int(host_run(h), OQ_OK, "a cast from string runs");
    is_mem(h->out[0].data, ((uint16_t[]){0x4100, 0xfc00}), 4, "2.5 and minus infinity as float16");
    oq_node_set_int(h->node, "to", OQ_INT32);
    host_array(h, 0, OQ_STRING, wrong, DIMS(1));
    is_int(host_run(h), OQ_RANGE, "what is no number is refused");
    ok(strstr(h->diag.message, "'two', is no number of type int32") != NULL, "by name");
    oq_node_set_int(h->node, "to", 99);
    is_int(host_infer(h), OQ_SHAPE, "type 99 does not exist");
    host_free(h);
}

static void contents_pass(void)
{
    host *h = host_new("Cast", 13, 1, 1);

    oq_node_set_int(h->node, "to", OQ_INT32);
    host_elems(h, 0, "N,5,9999999999", 1);
    is_int(host_infer(h), OQ_OK, "Cast infers");
    is_str(host_out_type(h, 0), "int32[3]", "the type changes");
    is_str(host_out_elems(h), "N,5,?", "what fits passes");
    oq_node_set_int(h->node, "to", OQ_FLOAT);
    host_infer(h);
    is_str(host_out_elems(h), "none", "floats have no contents");
    host_free(h);

    h = host_new("CastLike", 15, 2, 1);
    host_floats(h, 0, (float[]){1.5f}, DIMS(1));
    host_ints(h, 1, (int64_t[]){0}, 1);
    is_int(host_run(h), OQ_OK, "CastLike runs");
    is_str(host_out_shape(h, 0), "int64[1]", "to the type of its second input");
    host_free(h);
}

/* Every type, there and back, over more than a block. */
static void all_types_there_and_back(void)
{
    enum { N = 1500 };
    static int8_t x[N];

    for (int i = 0; i < N; i++)
        x[i] = (int8_t)(i % 2);
    for (int t = 1; t < OQ_N_DTYPES; t++) {
        host *there, *back;

        if (t == OQ_STRING || t == OQ_COMPLEX64 || t == OQ_COMPLEX128 || t == OQ_FLOAT8E8M0 || t == OQ_INT2)
            continue;
        there = cast(OQ_INT8, (oq_dtype)t, x, N);
        back = cast((oq_dtype)t, OQ_INT8, there->out[0].data, N);
        is_mem(back->out[0].data, x, N, oq_dtype_name((oq_dtype)t));
        host_free(there);
        host_free(back);
    }
}

int main(void)
{
    floats_to_integers();
    integers_to_floats_round_once();
    packed_types();
    strings_hold_numbers();
    contents_pass();
    all_types_there_and_back();
    return tap_done();
}
