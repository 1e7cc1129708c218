#include "host.h"
#include "tap/tap.h"

static void test_windows(void)
{
    host *h = host_new("HannWindow", 17, 1, 1);

    host_array(h, 0, OQ_INT64, (int64_t[]){4}, SCALAR);
    host_elems(h, 0, "4", 0);
    is_int(host_infer(h), OQ_OK, "HannWindow");
    is_str(host_out_type(h, 0), "float[4]", "its length is known");
    is_int(host_run(h), OQ_OK, "runs");
    is_float((double)host_float(h, 0, 0), 0, 1e-7, "it starts at 0");
    is_float((double)host_float(h, 0, 2), 1, 1e-7, "a periodic one has its top in the middle");
    oq_node_set_int(h->node, "periodic", 0);
    is_int(host_run(h), OQ_OK, "symmetric");
    is_float((double)host_float(h, 0, 3), 0, 1e-7, "it ends at 0");
    is_float((double)host_float(h, 0, 1), 0.75, 1e-7, "and has two equal tops");
    host_array(h, 0, OQ_INT64, (int64_t[]){1}, SCALAR);
    is_int(host_run(h), OQ_OK, "of length 1");
    is_float((double)host_float(h, 0, 0), 1, 1e-7, "it is 1");
    host_array(h, 0, OQ_INT64, (int64_t[]){-1}, SCALAR);
    is_int(host_run(h), OQ_SHAPE, "a negative length is refused");
    oq_node_set_int(h->node, "output_datatype", OQ_STRING);
    is_int(host_run(h), OQ_UNSUPPORTED, "strings are refused");
    host_free(h);
    h = host_new("HammingWindow", 17, 1, 1);
    host_array(h, 0, OQ_INT32, (int32_t[]){6}, SCALAR);
    is_int(host_run(h), OQ_OK, "HammingWindow");
    is_float((double)host_float(h, 0, 0), 4. / 46, 1e-7, "starts at 25/46 - 21/46");
    host_free(h);
    h = host_new("BlackmanWindow", 17, 1, 1);
    host_array(h, 0, OQ_INT32, (int32_t[]){6}, SCALAR);
    is_int(host_run(h), OQ_OK, "BlackmanWindow");
    is_float((double)host_float(h, 0, 3), 1, 1e-7, "has 1 in the middle");
    host_free(h);
}

static host *mel(int64_t bins, int64_t length, int64_t rate, float low, float high)
{
    host *h = host_new("MelWeightMatrix", 17, 5, 1);

    host_array(h, 0, OQ_INT64, &bins, SCALAR);
    host_array(h, 1, OQ_INT64, &length, SCALAR);
    host_array(h, 2, OQ_INT64, &rate, SCALAR);
    host_floats(h, 3, &low, SCALAR);
    host_floats(h, 4, &high, SCALAR);
    return h;
}

static void test_mel(void)
{
    host *h = mel(8, 16, 8192, 0, 4096);
    float column = 0;

    is_int(host_run(h), OQ_OK, "MelWeightMatrix");
    is_str(host_out_shape(h, 0), "float[9,8]", "a row for each frequency");
    for (size_t i = 0; i < 9; i++)
        column += host_float(h, 0, i * 8 + 7);
    ok(column >= 1, "the last triangle has its top");
    host_free(h);
    h = mel(8, 16, 100, 0, 4096);
    is_int(host_run(h), OQ_SHAPE, "edges above half the sample rate are refused");
    host_free(h);
    h = mel(8, -1, 100, 0, 50);
    is_int(host_run(h), OQ_SHAPE, "a negative length is refused");
    host_free(h);
}

int main(void)
{
    test_windows();
    test_mel();
    return tap_done();
}
