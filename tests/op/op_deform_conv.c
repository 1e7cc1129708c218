#include "host.h"
#include "tap/tap.h"

/* x 1 x 1 x 2 x 2 of 1 2 3 4, a kernel of one tap 10, offsets (y, x) for the places. */
static host *one_tap(const float *offsets, int n_in)
{
    host *h = host_new("DeformConv", 19, n_in, 1);

    host_floats(h, 0, (float[]){1, 2, 3, 4}, DIMS(1, 1, 2, 2));
    host_floats(h, 1, (float[]){10}, DIMS(1, 1, 1, 1));
    host_floats(h, 2, offsets, DIMS(1, 2, 2, 2));
    return h;
}

static void moves_its_taps(void)
{
    /* places: half down, one right, far away, none */
    host *h = one_tap((float[]){0.5f, 0, 9, 0, 0, 0, 0, 0}, 5);

    is_int(host_run(h), OQ_OK, "it runs");
    is_mem(h->out[0].data, ((float[]){20, 20, 0, 40}), 16, "between 1 and 3; 2; outside; 4");
    host_floats(h, 3, (float[]){0.5f}, DIMS(1));
    host_floats(h, 4, (float[]){1, 2, 1, 0}, DIMS(1, 1, 2, 2));
    is_int(host_run(h), OQ_OK, "with bias and mask it runs");
    is_mem(h->out[0].data, ((float[]){20.5f, 40.5f, 0.5f, 0.5f}), 16, "the mask weighs, the bias is added");
    host_free(h);
}

static void groups(void)
{
    host *h = host_new("DeformConv", 19, 3, 1);

    host_floats(h, 0, (float[]){1, 2, 3, 4}, DIMS(1, 2, 1, 2));
    host_floats(h, 1, (float[]){10, 100}, DIMS(2, 1, 1, 1));
    host_floats(h, 2, (float[]){0, 0, 1, 0, 0, 0, 0, 0},
                DIMS(1, 4, 1, 2)); /* group 0: one right at place 0 */
    oq_node_set_int(h->node, "group", 2);
    oq_node_set_int(h->node, "offset_group", 2);
    is_int(host_run(h), OQ_OK, "groups run");
    is_mem(h->out[0].data, ((float[]){20, 20, 300, 400}), 16, "each with its own offsets");
    oq_node_set_int(h->node, "offset_group", 1);
    is_int(host_run(h), OQ_SHAPE, "offsets of another number of groups are refused");
    oq_node_set_int(h->node, "group", 3);
    is_int(host_run(h), OQ_SHAPE, "and three groups of two channels");
    host_type(h, 0, OQ_FLOAT, DIMS(-1, 4, 8, 8));
    host_type(h, 1, OQ_FLOAT, DIMS(6, 4, 3, 3));
    is_int(host_infer(h), OQ_OK, "it infers");
    is_str(host_out_type(h, 0), "float[?,6,6,6]", "as a convolution");
    host_free(h);
}

static void two_by_two(void)
{
    host *h = host_new("DeformConv", 19, 3, 1);

    host_floats(h, 0, (float[]){1, 2, 3, 4}, DIMS(1, 1, 2, 2));
    host_floats(h, 1, (float[]){1, 10, 100, 1000}, DIMS(1, 1, 2, 2));
    host_floats(h, 2, (float[8]){0}, DIMS(1, 8, 1, 1));
    is_int(host_run(h), OQ_OK, "without offsets it is a convolution");
    is_float((double)host_float(h, 0, 0), 4321, 0, "1 + 20 + 300 + 4000");
    host_free(h);
}

int main(void)
{
    moves_its_taps();
    groups();
    two_by_two();
    return tap_done();
}
