#include "host.h"
#include "tap/tap.h"

static void scatters_elements(void)
{
    host *h = host_new("ScatterElements", 18, 3, 1);

    host_floats(h, 0, (float[]){1, 2, 3, 4, 5}, DIMS(1, 5));
    host_array(h, 1, OQ_INT64, (int64_t[]){1, -1, 1}, DIMS(1, 3));
    host_floats(h, 2, (float[]){10, 20, 30}, DIMS(1, 3));
    oq_node_set_int(h->node, "axis", 1);
    is_int(host_run(h), OQ_OK, "ScatterElements runs");
    is_mem(h->out[0].data, ((float[]){1, 30, 3, 4, 20}), 20, "the last update of a place wins");
    oq_node_set_string(h->node, "reduction", "add");
    is_int(host_run(h), OQ_OK, "adding runs");
    is_mem(h->out[0].data, ((float[]){1, 42, 3, 4, 25}), 20, "all updates count");
    oq_node_set_string(h->node, "reduction", "max");
    h->lends_input = true;
    is_int(host_run(h), OQ_OK, "maximum in place runs");
    is_int(h->aliased_to[0], 0, "in the data's memory");
    is_mem(h->out[0].data, ((float[]){1, 30, 3, 4, 20}), 20, "the greatest remains");
    oq_node_set_string(h->node, "reduction", "mean");
    is_int(host_run(h), OQ_UNSUPPORTED, "another reduction is refused");
    host_free(h);
}

static void scatters_blocks(void)
{
    host *h = host_new("ScatterND", 18, 3, 1);
    uint16_t data[4], updates[4];

    for (int i = 0; i < 4; i++) {
        data[i] = oq_f32_to_f16((float)i);
        updates[i] = oq_f32_to_f16((float)(10 * i + 10));
    }
    host_array(h, 0, OQ_FLOAT16, data, DIMS(2, 2));
    host_array(h, 1, OQ_INT64, (int64_t[]){1, 0}, DIMS(2, 1));
    host_array(h, 2, OQ_FLOAT16, updates, DIMS(2, 2));
    is_int(host_run(h), OQ_OK, "ScatterND of float16 runs");
    is_float(host_float(h, 0, 3), 20, 0, "row 1 is the first update");
    oq_node_set_string(h->node, "reduction", "mul");
    is_int(host_run(h), OQ_OK, "multiplying runs");
    is_float(host_float(h, 0, 3), 60, 0, "3 * 20");
    host_array(h, 2, OQ_FLOAT16, updates, DIMS(2));
    is_int(host_run(h), OQ_SHAPE, "too few updates are refused");
    host_array(h, 1, OQ_INT64, (int64_t[]){2, 0}, DIMS(2, 1));
    is_int(host_run(h), OQ_RANGE, "row 2 of 2 is outside");
    host_free(h);
}

int main(void)
{
    scatters_elements();
    scatters_blocks();
    return tap_done();
}
