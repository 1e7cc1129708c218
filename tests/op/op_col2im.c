#include "host.h"
#include "tap/tap.h"

static void adds_blocks(void)
{
    host *h = host_new("Col2Im", 18, 3, 1);

    /* image of 3, blocks of 2: two positions, the middle element belongs to both */
    host_floats(h, 0, (float[]){1, 2, 10, 20},
                DIMS(1, 2, 2)); /* element 0 at both positions, then element 1 */
    host_ints(h, 1, (int64_t[]){3}, 1);
    host_ints(h, 2, (int64_t[]){2}, 1);
    is_int(host_run(h), OQ_OK, "one axis runs");
    is_str(host_out_shape(h, 0), "float[1,1,3]", "one channel");
    is_mem(h->out[0].data, ((float[]){1, 12, 20}), 12, "2 + 10 in the middle");
    is_int(host_infer(h), OQ_OK, "it infers");
    is_str(host_out_type(h, 0), "float[1,1,3]", "the same");
    oq_node_set_ints(h->node, "pads", (int64_t[]){1, 1}, 2);
    is_int(host_run(h), OQ_SHAPE, "with pads there is room for four positions");
    host_floats(h, 0, (float[]){1, 2, 3, 4, 10, 20, 30, 40}, DIMS(1, 2, 4));
    is_int(host_run(h), OQ_OK, "four positions run");
    is_mem(h->out[0].data, ((float[]){12, 23, 34}), 12, "what falls outside is dropped");
    oq_node_set_ints(h->node, "strides", (int64_t[]){0}, 1);
    is_int(host_run(h), OQ_RANGE, "stride 0 is refused");
    oq_node_set_ints(h->node, "strides", (int64_t[]){1, 1}, 2);
    is_int(host_run(h), OQ_SHAPE, "and two strides for one axis");
    host_free(h);
}

static void images_of_doubles(void)
{
    host *h = host_new("Col2Im", 18, 3, 1);

    host_array(h, 0, OQ_DOUBLE, (double[]){1, 2, 3, 4}, DIMS(1, 4, 1));
    host_ints(h, 1, (int64_t[]){3, 3}, 2);
    host_ints(h, 2, (int64_t[]){2, 2}, 2);
    oq_node_set_ints(h->node, "dilations", (int64_t[]){2, 2}, 2);
    is_int(host_run(h), OQ_OK, "a dilated block of doubles runs");
    is_mem(h->out[0].data, ((double[]){1, 0, 2, 0, 0, 0, 3, 0, 4}), 72, "its corners are the image's");
    host_ints(h, 2, (int64_t[]){2}, 1);
    is_int(host_run(h), OQ_SHAPE, "image and block must have as many axes");
    host_free(h);
}

int main(void)
{
    adds_blocks();
    images_of_doubles();
    return tap_done();
}
