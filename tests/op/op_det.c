#include "host.h"
#include "tap/tap.h"

int main(void)
{
    host *h = host_new("Det", 11, 1, 1);

    host_floats(h, 0, (float[]){1, 2, 3, 4, 0, 1, 1, 0}, DIMS(2, 2, 2));
    is_int(host_run(h), OQ_OK, "Det runs");
    is_mem(h->out[0].data, ((float[]){-2, -1}), 8, "the second needs its rows swapped");
    host_array(h, 0, OQ_DOUBLE, (double[]){2, 0, 0, 0, 3, 0, 0, 0, 5}, DIMS(3, 3));
    is_int(host_run(h), OQ_OK, "a matrix of doubles runs");
    is_str(host_out_shape(h, 0), "double[]", "and gives a scalar");
    is_float(*(double *)h->out[0].data, 30, 1e-12, "the product of the diagonal");
    host_floats(h, 0, (float[]){1, 2, 2, 4}, DIMS(2, 2));
    host_run(h);
    is_float((double)host_float(h, 0, 0), 0, 0, "dependent rows give zero");
    host_floats(h, 0, NULL, DIMS(2, 0, 0));
    is_int(host_run(h), OQ_OK, "empty matrices run");
    is_mem(h->out[0].data, ((float[]){1, 1}), 8, "and have determinant 1");
    host_floats(h, 0, (float[]){1, 2}, DIMS(1, 2));
    is_int(host_run(h), OQ_SHAPE, "a matrix that is not square is refused");
    host_type(h, 0, OQ_FLOAT, DIMS(-1, 2, -1));
    is_int(host_infer(h), OQ_OK, "Det infers");
    is_str(host_out_type(h, 0), "float[?]", "the batch");
    host_type(h, 0, OQ_FLOAT, DIMS(2, 3));
    is_int(host_infer(h), OQ_SHAPE, "2 x 3 is refused");
    host_free(h);
    return tap_done();
}
