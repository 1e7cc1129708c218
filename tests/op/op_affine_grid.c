#include "host.h"
#include "tap/tap.h"

int main(void)
{
    host *h = host_new("AffineGrid", 20, 2, 1);

    /* x' = y + 10, y' = 2 x */
    host_floats(h, 0, (float[]){0, 1, 10, 2, 0, 0}, DIMS(1, 2, 3));
    host_ints(h, 1, (int64_t[]){1, 3, 2, 2}, 4);
    oq_node_set_int(h->node, "align_corners", 1);
    is_int(host_run(h), OQ_OK, "an image runs");
    is_str(host_out_shape(h, 0), "float[1,2,2,2]", "a pair for each place");
    is_mem(h->out[0].data, ((float[]){9, -2, 9, 2, 11, -2, 11, 2}), 32, "corners are at -1 and 1");
    oq_node_set_int(h->node, "align_corners", 0);
    host_run(h);
    is_mem(h->out[0].data, ((float[]){9.5f, -1, 9.5f, 1, 10.5f, -1, 10.5f, 1}), 32,
           "or centres at -1/2 and 1/2");
    is_int(host_infer(h), OQ_OK, "it infers");
    is_str(host_out_type(h, 0), "float[1,2,2,2]", "from the size");
    host_ints(h, 1, (int64_t[]){1, 3, 2, 2, 2}, 5);
    is_int(host_run(h), OQ_SHAPE, "a volume needs a larger matrix");
    host_ints(h, 1, (int64_t[]){1, 3, 2}, 3);
    is_int(host_run(h), OQ_SHAPE, "three numbers are no size");
    host_ints(h, 1, (int64_t[]){1, 3, -2, 2}, 4);
    is_int(host_run(h), OQ_RANGE, "a negative size is refused");
    host_array(h, 0, OQ_DOUBLE, (double[]){1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 7}, DIMS(1, 3, 4));
    host_ints(h, 1, (int64_t[]){1, 1, 1, 1, 1}, 5);
    is_int(host_run(h), OQ_OK, "a volume of one element runs");
    is_mem(h->out[0].data, ((double[]){0, 0, 7}), 24, "its centre, moved");
    host_free(h);
    return tap_done();
}
