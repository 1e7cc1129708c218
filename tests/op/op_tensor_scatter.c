#include "host.h"
#include "tap/tap.h"

int main(void)
{
    host *h = host_new("TensorScatter", 24, 3, 1);

    /* two samples of three steps of one number */
    host_floats(h, 0, (float[]){1, 2, 3, 4, 5, 6}, DIMS(2, 3, 1));
    host_floats(h, 1, (float[]){10, 20, 30, 40}, DIMS(2, 2, 1));
    is_int(host_run(h), OQ_OK, "it runs");
    is_mem(h->out[0].data, ((float[]){10, 20, 3, 30, 40, 6}), 24, "from step 0 on");
    host_ints(h, 2, (int64_t[]){1, 0}, 2);
    host_run(h);
    is_mem(h->out[0].data, ((float[]){1, 10, 20, 30, 40, 6}), 24, "each sample from its own");
    host_ints(h, 2, (int64_t[]){2, 0}, 2);
    is_int(host_run(h), OQ_RANGE, "two steps from 2 on do not fit three");
    oq_node_set_string(h->node, "mode", "circular");
    is_int(host_run(h), OQ_OK, "going round they do");
    is_mem(h->out[0].data, ((float[]){20, 2, 10, 30, 40, 6}), 24, "the second step is step 0");
    oq_node_set_string(h->node, "mode", "square");
    is_int(host_run(h), OQ_UNSUPPORTED, "an unknown mode is refused");
    oq_node_set_string(h->node, "mode", "linear");
    oq_node_set_int(h->node, "axis", 0);
    is_int(host_run(h), OQ_SHAPE, "and steps along the batch");
    oq_node_set_int(h->node, "axis", 1);
    host_floats(h, 1, (float[]){1, 2, 3, 4}, DIMS(2, 1, 2));
    is_int(host_run(h), OQ_SHAPE, "and an update of another shape");
    host_free(h);
    return tap_done();
}
