#include "host.h"
#include "tap/tap.h"

static host *einsum(const char *equation, int n)
{
    host *h = host_new("Einsum", 12, n, 1);

    oq_node_set_string(h->node, "equation", equation);
    return h;
}

static void one_operand(void)
{
    static const struct {
        const char *equation, *shape;
        float first, last;
    } cases[] = {{"ij->ji", "float[2,2]", 1, 4}, {"ij->i", "float[2]", 3, 7},
                 {"ij->", "float[]", 10, 10},    {"ii->i", "float[2]", 1, 4},
                 {"ii", "float[]", 5, 5},        {"...j->...", "float[2]", 3, 7}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        host *h = einsum(cases[i].equation, 1);

        host_floats(h, 0, (float[]){1, 2, 3, 4}, DIMS(2, 2));
        is_int(host_run(h), OQ_OK, cases[i].equation);
        is_str(host_out_shape(h, 0), cases[i].shape, "its shape");
        is_float((double)host_float(h, 0, 0), (double)cases[i].first, 0, "its first element");
        is_float((double)host_float(h, 0, h->out[0].n - 1), (double)cases[i].last, 0, "its last");
        host_free(h);
    }
}

static void two_operands(void)
{
    host *h = einsum("ij,jk->ki", 2);

    host_floats(h, 0, (float[]){1, 2, 3, 4}, DIMS(2, 2));
    host_floats(h, 1, (float[]){5, 6, 7, 8}, DIMS(2, 2));
    is_int(host_run(h), OQ_OK, "a product, transposed, runs");
    is_mem(h->out[0].data, ((float[]){19, 43, 22, 50}), 16, "rows by columns");
    host_free(h);

    h = einsum("bhid,bhjd->bhij", 2); /* attention scores */
    host_floats(h, 0, (float[]){1, 2, 3, 4}, DIMS(1, 2, 1, 2));
    host_floats(h, 1, (float[]){1, 0, 0, 1, 1, 1, 2, 0}, DIMS(1, 2, 2, 2));
    is_int(host_run(h), OQ_OK, "attention scores run");
    is_str(host_out_shape(h, 0), "float[1,2,1,2]", "queries by keys");
    is_mem(h->out[0].data, ((float[]){1, 2, 7, 6}), 16, "head by head");
    host_free(h);

    h = einsum("i,j->ij", 2);
    host_array(h, 0, OQ_INT8, (int8_t[]){1, -2}, DIMS(2));
    host_array(h, 1, OQ_INT8, (int8_t[]){3, 100}, DIMS(2));
    is_int(host_run(h), OQ_OK, "an outer product of int8 runs");
    is_mem(h->out[0].data, ((int8_t[]){3, 100, -6, 56}), 4, "-200 wraps around");
    host_free(h);

    h = einsum("ij,k->j", 2);
    host_array(h, 0, OQ_DOUBLE, (double[]){1, 2, 3, 4}, DIMS(2, 2));
    host_array(h, 1, OQ_DOUBLE, (double[]){10, 20}, DIMS(2));
    is_int(host_run(h), OQ_OK, "sums over letters of one operand alone run");
    is_mem(h->out[0].data, ((double[]){120, 180}), 16, "(1 + 3) * 30 and (2 + 4) * 30");
    host_free(h);
}

static void more_operands_and_broadcasting(void)
{
    host *h = einsum("a,ab,b->", 3);

    host_floats(h, 0, (float[]){1, 2}, DIMS(2));
    host_floats(h, 1, (float[]){1, 2, 3, 4}, DIMS(2, 2));
    host_floats(h, 2, (float[]){1, 10}, DIMS(2));
    is_int(host_run(h), OQ_OK, "a bilinear form runs");
    is_float((double)host_float(h, 0, 0), 107, 0, "(1 + 6) + 10 * (2 + 8)");
    host_floats(h, 2, (float[]){2}, DIMS(1));
    is_int(host_run(h), OQ_OK, "an axis of size 1 is repeated");
    is_float((double)host_float(h, 0, 0), 34, 0, "2 * (7 + 10)");
    host_floats(h, 2, (float[]){1, 2, 3}, DIMS(3));
    is_int(host_run(h), OQ_SHAPE, "3 does not fit 2");
    host_free(h);

    h = einsum("...i,...i->...", 2);
    host_array(h, 0, OQ_FLOAT16, (uint16_t[]){0x3c00, 0x4000}, DIMS(1, 2)); /* 1 2 */
    host_array(h, 1, OQ_FLOAT16, (uint16_t[]){0x3c00, 0x4000, 0x4200, 0x4400}, DIMS(2, 2));
    is_int(host_run(h), OQ_OK, "dots of sizes 1 and 2 run in float16");
    is_str(host_out_shape(h, 0), "float16[2]", "broadcast");
    is_float((double)host_float(h, 0, 1), 11, 0, "3 + 2 * 4");
    host_floats(h, 1, (float[]){1, 2}, DIMS(1, 2));
    is_int(host_run(h), OQ_SHAPE, "two types are refused");
    host_free(h);
}

static void nothing(void)
{
    host *h = einsum("ij,jk->ik", 2);

    host_floats(h, 0, NULL, DIMS(2, 0));
    host_floats(h, 1, NULL, DIMS(0, 3));
    is_int(host_run(h), OQ_OK, "a product over nothing runs");
    is_mem(h->out[0].data, ((float[6]){0}), 24, "and is zero");
    host_type(h, 0, OQ_FLOAT, DIMS(-1, 4));
    host_symbol(h, 0, 0, "N");
    host_type(h, 1, OQ_FLOAT, DIMS(4, 3));
    is_int(host_infer(h), OQ_OK, "it infers");
    is_str(host_out_type(h, 0), "float[N,3]", "through the letters");
    host_type(h, 1, OQ_FLOAT, DIMS(5, 3));
    is_int(host_infer(h), OQ_SHAPE, "4 and 5 are not one size");
    host_free(h);
}

int main(void)
{
    one_operand();
    two_operands();
    more_operands_and_broadcasting();
    nothing();
    return tap_done();
}
