#include <math.h>
#include <string.h>

#include "host.h"
#include "tap/tap.h"

static const float numbers[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static void every_reduction(void)
{
    static const struct {
        const char *name;
        double y; /* of -1, 2, 3 */
    } rows[] = {
        {"ReduceSum", 4},
        {"ReduceMean", 4.0 / 3},
        {"ReduceMax", 3},
        {"ReduceMin", -1},
        {"ReduceProd", -6},
        {"ReduceL1", 6},
        {"ReduceL2", 3.7416573868},
        {"ReduceSumSquare", 14},
        {"ReduceLogSum", 1.3862943611},
        {"ReduceLogSumExp", 3.3265626413},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        host *h = host_new(rows[i].name, 18, 1, 1);

        oq_node_set_int(h->node, "keepdims", 0);
        host_floats(h, 0, (float[]){-1, 2, 3}, DIMS(3));
        is_int(host_run(h), OQ_OK, rows[i].name);
        is_str(host_out_shape(h, 0), "float[]", "a scalar remains");
        is_float(host_float(h, 0, 0), rows[i].y, 1e-6 * fabs(rows[i].y), "in float");
        host_array(h, 0, OQ_DOUBLE, (double[]){-1, 2, 3}, DIMS(3));
        is_int(host_run(h), OQ_OK, rows[i].name);
        is_float(*(double *)h->out[0].data, rows[i].y, 1e-9, "in double");
        host_array(h, 0, OQ_INT32, (int32_t[]){-1, 2, 3}, DIMS(3));
        is_int(host_run(h), OQ_OK, rows[i].name);
        is_int(host_int(h, 0, 0), (int64_t)rows[i].y, "in int32, cut toward zero");
        host_free(h);
    }
}

static void axes_by_version(void)
{
    host *h = host_new("ReduceMean", 13, 1, 1);

    oq_node_set_ints(h->node, "axes", (int64_t[]){-1}, 1);
    host_floats(h, 0, numbers, DIMS(2, 3, 2));
    is_int(host_run(h), OQ_OK, "ReduceMean-13 takes axes from its attribute");
    is_str(host_out_shape(h, 0), "float[2,3,1]", "and keeps dims");
    is_float(host_float(h, 0, 5), 11.5, 0, "mean of 11 and 12");
    host_free(h);

    h = host_new("ReduceMean", 18, 2, 1);
    oq_node_set_int(h->node, "keepdims", 0);
    host_floats(h, 0, numbers, DIMS(2, 3, 2));
    host_ints(h, 1, (int64_t[]){0, 2}, 2);
    is_int(host_run(h), OQ_OK, "ReduceMean-18 takes axes from its input, apart from each other too");
    is_str(host_out_shape(h, 0), "float[3]", "without dims");
    is_float(host_float(h, 0, 0), (1 + 2 + 7 + 8) / 4.0, 0, "mean over first and last axis");
    host_ints(h, 1, (int64_t[]){3}, 1);
    is_int(host_run(h), OQ_SHAPE, "axis 3 of 3 is outside");
    ok(strstr(h->diag.message, "axis 3 is outside a rank 3 input") != NULL, "and the message says so");
    host_ints(h, 1, NULL, 0);
    is_int(host_run(h), OQ_OK, "an empty list");
    is_float(host_float(h, 0, 0), 6.5, 0, "is all axes");
    oq_node_set_int(h->node, "noop_with_empty_axes", 1);
    is_int(host_run(h), OQ_OK, "or none");
    is_str(host_out_shape(h, 0), "float[2,3,2]", "with noop_with_empty_axes");
    host_free(h);

    h = host_new("ReduceSum", 13, 2, 1);
    host_floats(h, 0, numbers, DIMS(2, 6));
    host_ints(h, 1, (int64_t[]){0}, 1);
    is_int(host_run(h), OQ_OK, "ReduceSum has its axes input since 13");
    is_float(host_float(h, 0, 0), 8, 0, "1 + 7");
    host_free(h);
}

static void of_nothing(void)
{
    static const struct {
        const char *name;
        double y;
    } rows[] = {{"ReduceSum", 0},
                {"ReduceProd", 1},
                {"ReduceMax", -INFINITY},
                {"ReduceMin", INFINITY},
                {"ReduceLogSumExp", -INFINITY}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        host *h = host_new(rows[i].name, 20, 2, 1);

        host_floats(h, 0, NULL, DIMS(2, 0));
        host_ints(h, 1, (int64_t[]){1}, 1);
        is_int(host_run(h), OQ_OK, rows[i].name);
        ok(host_float(h, 0, 1) == (float)rows[i].y, "of nothing is %g", rows[i].y);
        host_free(h);
    }
}

static void large_exponents_do_not_overflow(void)
{
    host *h = host_new("ReduceLogSumExp", 18, 1, 1);

    host_floats(h, 0, (float[]){1000, 1000}, DIMS(2));
    is_int(host_run(h), OQ_OK, "ReduceLogSumExp of large numbers runs");
    is_float(host_float(h, 0, 0), 1000.6931472, 1e-3, "1000 + log 2");
    host_floats(h, 0, (float[]){-INFINITY, -INFINITY}, DIMS(2));
    is_int(host_run(h), OQ_OK, "of minus infinities too");
    ok(isinf(host_float(h, 0, 0)), "and gives minus infinity");
    host_free(h);
}

static void infers(void)
{
    host *h = host_new("ReduceProd", 18, 2, 1);

    host_elems(h, 0, "N,1,1", 1);
    host_ints(h, 1, (int64_t[]){0}, 1);
    oq_node_set_int(h->node, "keepdims", 0);
    is_int(host_infer(h), OQ_OK, "ReduceProd infers");
    is_str(host_out_type(h, 0), "int64[]", "a scalar");
    is_str(host_out_elems(h), "N", "N * 1 * 1");
    host_free(h);

    h = host_new("ReduceMax", 20, 1, 1);
    host_type(h, 0, OQ_FLOAT, DIMS(-1, 4));
    is_int(host_infer(h), OQ_OK, "ReduceMax infers");
    is_str(host_out_type(h, 0), "float[1,1]", "all axes stay as 1");
    host_array(h, 0, OQ_BOOL, (uint8_t[]){0, 1}, DIMS(2));
    is_int(host_run(h), OQ_OK, "bool has a maximum");
    is_int(host_int(h, 0, 0), 1, "true");
    host_free(h);
}

int main(void)
{
    every_reduction();
    axes_by_version();
    of_nothing();
    large_exponents_do_not_overflow();
    infers();
    return tap_done();
}
