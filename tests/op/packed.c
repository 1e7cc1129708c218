#include "op/packed.h"

#include "host.h"
#include "tap/tap.h"

static void transposes(void)
{
    host *h = host_new("Transpose", 21, 1, 1);

    host_array(h, 0, OQ_INT4, (uint8_t[]){0x21, 0xf3, 0x54}, DIMS(2, 3)); /* 1 2 3, -1 4 5 */
    is_int(host_run(h), OQ_OK, "Transpose of int4 runs");
    is_str(host_out_shape(h, 0), "int4[3,2]", "and stays int4");
    is_mem(h->out[0].data, ((uint8_t[]){0xf1, 0x42, 0x53}), 3, "1 -1, 2 4, 3 5");
    host_array(h, 0, OQ_UINT2, (uint8_t[]){0x1b, 0x02}, DIMS(5, 1)); /* 3 2 1 0 2 */
    is_int(host_run(h), OQ_OK, "a column of uint2 runs");
    is_mem(h->out[0].data, ((uint8_t[]){0x1b, 0x02}), 2, "as a row it has the same order");
    host_array(h, 0, OQ_UINT2, (uint8_t[]){0x1b, 0x02}, DIMS(1, 5, 1));
    oq_node_set_ints(h->node, "perm", (int64_t[]){1, 0}, 2);
    is_int(host_run(h), OQ_SHAPE, "a perm of two for three axes is refused");
    host_free(h);
}

static void pads(void)
{
    host *h = host_new("Pad", 21, 3, 1);

    host_array(h, 0, OQ_UINT4, (uint8_t[]){0x21, 0x03}, DIMS(3)); /* 1 2 3 */
    host_ints(h, 1, (int64_t[]){1, 1}, 2);
    host_array(h, 2, OQ_UINT4, (uint8_t[]){0x09}, SCALAR);
    is_int(host_run(h), OQ_OK, "Pad of uint4 runs");
    is_mem(h->out[0].data, ((uint8_t[]){0x19, 0x32, 0x09}), 3, "9 1 2 3 9");
    host_array(h, 0, OQ_INT8, (int8_t[]){1, 2, 3}, DIMS(3));
    is_int(host_run(h), OQ_SHAPE, "int8 with a constant of uint4 is refused");
    host_free(h);
}

int main(void)
{
    transposes();
    pads();
    return tap_done();
}
