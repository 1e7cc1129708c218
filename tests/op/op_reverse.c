#include "host.h"
#include "tap/tap.h"

static void reverses(void)
{
    host *h = host_new("ReverseSequence", 10, 2, 1);

    /* time first: columns are sequences */
    host_floats(h, 0, (float[]){0, 10, 1, 11, 2, 12}, DIMS(3, 2));
    host_ints(h, 1, (int64_t[]){3, 2}, 2);
    is_int(host_run(h), OQ_OK, "ReverseSequence runs");
    is_mem(h->out[0].data, ((float[]){2, 11, 1, 10, 0, 12}), 24, "three steps, and two of three");
    oq_node_set_int(h->node, "batch_axis", 0);
    is_int(host_run(h), OQ_SHAPE, "time and batch cannot be one axis");
    oq_node_set_int(h->node, "time_axis", 1);
    host_array(h, 0, OQ_INT16, (int16_t[]){1, 2, 3, 4, 5, 6, 7, 8}, DIMS(1, 4, 2));
    host_ints(h, 1, (int64_t[]){3}, 1);
    is_int(host_run(h), OQ_OK, "batch first runs");
    is_mem(h->out[0].data, ((int16_t[]){5, 6, 3, 4, 1, 2, 7, 8}), 16, "steps of two elements");
    host_ints(h, 1, (int64_t[]){5}, 1);
    is_int(host_run(h), OQ_RANGE, "length 5 of 4 is refused");
    host_ints(h, 1, (int64_t[]){1, 1}, 2);
    is_int(host_run(h), OQ_SHAPE, "and two lengths for one sequence");
    host_floats(h, 0, (float[]){1}, DIMS(1));
    is_int(host_run(h), OQ_SHAPE, "and rank 1");
    host_free(h);
}

int main(void)
{
    reverses();
    return tap_done();
}
