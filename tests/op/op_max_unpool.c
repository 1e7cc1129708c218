#include "host.h"
#include "tap/tap.h"

static void infers(void)
{
    host *h = host_new("MaxUnpool", 11, 2, 1);

    oq_node_set_ints(h->node, "kernel_shape", (int64_t[]){2}, 1);
    oq_node_set_ints(h->node, "strides", (int64_t[]){2}, 1);
    host_type(h, 0, OQ_FLOAT, DIMS(1, -1, 2));
    is_int(host_infer(h), OQ_OK, "it infers");
    is_str(host_out_type(h, 0), "float[1,?,4]", "the size before pooling");
    host_free(h);
}

int main(void)
{
    host *h = host_new("MaxUnpool", 11, 3, 1);

    oq_node_set_ints(h->node, "kernel_shape", (int64_t[]){2}, 1);
    oq_node_set_ints(h->node, "strides", (int64_t[]){2}, 1);
    host_floats(h, 0, (float[]){5, 6}, DIMS(1, 1, 2));
    host_array(h, 1, OQ_INT64, (int64_t[]){1, 2}, DIMS(1, 1, 2));
    is_int(host_run(h), OQ_OK, "MaxUnpool runs");
    is_mem(h->out[0].data, ((float[]){0, 5, 6, 0}), 16, "2 windows of 2 were 4 elements");
    host_ints(h, 2, (int64_t[]){1, 1, 5}, 3);
    is_int(host_run(h), OQ_OK, "a larger shape runs");
    is_mem(h->out[0].data, ((float[]){0, 5, 6, 0, 0}), 20, "with zeros behind");
    host_ints(h, 2, (int64_t[]){1, 1, 2}, 3);
    is_int(host_run(h), OQ_RANGE, "a smaller one has no place 2");
    host_array(h, 1, OQ_INT64, (int64_t[]){1, -1}, DIMS(1, 1, 2));
    host_ints(h, 2, (int64_t[]){1, 1, 4}, 3);
    is_int(host_run(h), OQ_RANGE, "place -1 is refused");
    host_array(h, 1, OQ_INT64, (int64_t[]){1}, DIMS(1, 1, 1));
    is_int(host_run(h), OQ_SHAPE, "and one place for two elements");
    host_free(h);
    infers();
    return tap_done();
}
