#include "op/aligned.h"

#include "host.h"
#include "tap/tap.h"

static void lays_an_operand_over_an_axis(void)
{
    host *h = host_new("Add", 6, 2, 1);

    host_floats(h, 0, (float[]){0, 1, 2, 3, 4, 5}, DIMS(1, 2, 3));
    host_floats(h, 1, (float[]){10, 20}, DIMS(2));
    is_int(host_run(h), OQ_SHAPE, "without broadcast two shapes are refused");
    oq_node_set_int(h->node, "broadcast", 1);
    is_int(host_run(h), OQ_SHAPE, "2 does not lie over the last axis of 3");
    oq_node_set_int(h->node, "axis", 1);
    is_int(host_run(h), OQ_OK, "at axis 1 it does");
    is_str(host_out_shape(h, 0), "float[1,2,3]", "the result has A's shape");
    is_mem(h->out[0].data, ((float[]){10, 11, 12, 23, 24, 25}), 24, "one number per row");
    oq_node_set_int(h->node, "axis", -2);
    is_int(host_run(h), OQ_OK, "counted from the end it is the same axis");
    host_floats(h, 1, (float[]){100}, SCALAR);
    is_int(host_run(h), OQ_OK, "a scalar fits everywhere");
    is_float((double)host_float(h, 0, 5), 105, 0, "5 + 100");
    oq_node_set_int(h->node, "axis", 4);
    is_int(host_run(h), OQ_SHAPE, "axis 4 of 3 is outside");
    host_free(h);
}

static void infers(void)
{
    host *h = host_new("Mul", 6, 2, 1);

    oq_node_set_int(h->node, "broadcast", 1);
    oq_node_set_int(h->node, "axis", 1);
    host_type(h, 0, OQ_FLOAT, DIMS(-1, 2, 3));
    host_symbol(h, 0, 0, "N");
    host_type(h, 1, OQ_FLOAT, DIMS(2));
    is_int(host_infer(h), OQ_OK, "Mul infers");
    is_str(host_out_type(h, 0), "float[N,2,3]", "A's shape");
    host_type(h, 1, OQ_FLOAT, DIMS(4));
    is_int(host_infer(h), OQ_SHAPE, "4 does not fit 2");
    host_type(h, 1, OQ_FLOAT, DIMS(2, 3, 1));
    is_int(host_infer(h), OQ_SHAPE, "rank 3 does not fit behind axis 1 of 3");
    host_free(h);
    h = host_new("Less", 6, 2, 1);
    host_type(h, 0, OQ_FLOAT, DIMS(2));
    is_int(host_infer(h), OQ_OK, "Less infers with one operand unknown");
    is_str(host_out_type(h, 0), "bool[2]", "the type is its own");
    host_free(h);
}

static void slopes_are_per_channel(void)
{
    host *h = host_new("PRelu", 6, 2, 1);

    host_floats(h, 0, (float[]){-1, -2, -3, 4}, DIMS(1, 2, 2));
    host_floats(h, 1, (float[]){2, 10}, DIMS(2));
    is_int(host_run(h), OQ_OK, "PRelu runs");
    is_mem(h->out[0].data, ((float[]){-2, -4, -30, 4}), 16, "channel 1 has slope 10");
    host_floats(h, 1, (float[]){2, 10, 3}, DIMS(3));
    is_int(host_run(h), OQ_SHAPE, "three slopes do not fit two channels");
    host_free(h);
}

int main(void)
{
    lays_an_operand_over_an_axis();
    infers();
    slopes_are_per_channel();
    return tap_done();
}
