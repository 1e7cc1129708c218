#include <string.h>

#include "host.h"
#include "tap/tap.h"

static const float six[] = {1, 2, 3, 4, 5, 6};

static void transposes(void)
{
    host *h = host_new("Transpose", 13, 1, 1);

    host_floats(h, 0, six, DIMS(2, 3));
    is_int(host_run(h), OQ_OK, "Transpose runs");
    is_str(host_out_shape(h, 0), "float[3,2]", "the order is reversed by default");
    is_mem(h->out[0].data, ((float[]){1, 4, 2, 5, 3, 6}), 24, "columns become rows");
    oq_node_set_ints(h->node, "perm", (int64_t[]){0, 2, 3, 1}, 4);
    host_floats(h, 0, six, DIMS(1, 1, 2, 3));
    is_int(host_run(h), OQ_OK, "NCHW to NHWC with one channel");
    is_int(h->aliased_to[0], 0, "moves no byte");
    host_type(h, 0, OQ_FLOAT, DIMS(-1, 3, 4, 5));
    host_symbol(h, 0, 0, "N");
    is_int(host_infer(h), OQ_OK, "Transpose infers");
    is_str(host_out_type(h, 0), "float[N,4,5,3]", "sizes move with the axes");
    oq_node_set_ints(h->node, "perm", (int64_t[]){0, 0, 1, 2}, 4);
    is_int(host_infer(h), OQ_SHAPE, "an axis given twice is no permutation");
    host_free(h);

    h = host_new("Transpose", 13, 1, 1);
    host_array(h, 0, OQ_STRING, (oq_string[]){{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}}, DIMS(2, 2));
    is_int(host_run(h), OQ_OK, "strings move too");
    is_str(((oq_string *)h->out[0].data)[1].data, "c", "c is second");
    host_array(h, 0, OQ_INT4, (uint8_t[]){0x21, 0x43}, DIMS(2, 2));
    is_int(host_run(h), OQ_UNSUPPORTED, "packed elements are refused");
    host_free(h);
}

static void concatenates(void)
{
    host *h = host_new("Concat", 13, 3, 1);

    oq_node_set_int(h->node, "axis", -1);
    host_floats(h, 0, (float[]){1, 2}, DIMS(2, 1));
    host_floats(h, 1, (float[]){3, 4, 5, 6}, DIMS(2, 2));
    host_floats(h, 2, NULL, DIMS(2, 0));
    is_int(host_run(h), OQ_OK, "Concat runs, an empty part too");
    is_mem(h->out[0].data, ((float[]){1, 3, 4, 2, 5, 6}), 24, "rows are joined");
    host_floats(h, 2, six, DIMS(3, 2));
    is_int(host_run(h), OQ_SHAPE, "another number of rows does not join");
    ok(strstr(h->diag.message, "input 2 has size 3 on axis 0, input 0 has 2") != NULL,
       "the message says which");
    is_int(host_infer(h), OQ_SHAPE, "nor does it infer");
    oq_node_set_int(h->node, "axis", 0);
    host_elems(h, 0, "N", 1);
    host_type(h, 1, OQ_INT64, DIMS(1));
    h->in_elems_list[1] = NULL;
    host_elems(h, 2, "-1,3", 1);
    is_int(host_infer(h), OQ_OK, "Concat infers");
    is_str(host_out_elems(h), "N,?,-1,3", "contents follow one another, unknown ones as unknown");
    host_free(h);
}

static void splits_by_version(void)
{
    host *h = host_new("Split", 11, 1, 2);

    oq_node_set_int(h->node, "axis", 1);
    oq_node_set_ints(h->node, "split", (int64_t[]){1, 2}, 2);
    host_floats(h, 0, six, DIMS(2, 3));
    is_int(host_run(h), OQ_OK, "Split-11 takes sizes from its attribute");
    is_mem(h->out[1].data, ((float[]){2, 3, 5, 6}), 16, "the second part");
    oq_node_set_ints(h->node, "split", (int64_t[]){1, 1}, 2);
    is_int(host_run(h), OQ_SHAPE, "parts of 1 and 1 are not 3");
    host_free(h);

    h = host_new("Split", 13, 2, 2);
    host_floats(h, 0, six, DIMS(6));
    host_ints(h, 1, (int64_t[]){4, 2}, 2);
    is_int(host_infer(h), OQ_OK, "Split-13 infers");
    is_str(host_out_type(h, 1), "float[2]", "sizes come from the input");
    h->wanted[0] = false;
    is_int(host_run(h), OQ_OK, "an unwanted part is not made");
    ok(h->out[0].data == NULL && host_float(h, 1, 0) == 5, "only the other");
    host_free(h);

    h = host_new("Split", 18, 1, 4);
    oq_node_set_int(h->node, "num_outputs", 4);
    host_floats(h, 0, (float[7]){0}, DIMS(7));
    is_int(host_run(h), OQ_OK, "Split-18 makes the last part smaller");
    is_str(host_out_shape(h, 3), "float[1]", "2, 2, 2, 1");
    host_free(h);

    h = host_new("Split", 13, 1, 2);
    host_floats(h, 0, (float[3]){0}, DIMS(3));
    is_int(host_run(h), OQ_SHAPE, "Split-13 wants equal parts");
    host_free(h);
}

static void tiles(void)
{
    host *h = host_new("Tile", 13, 2, 1);

    host_floats(h, 0, (float[]){1, 2, 3, 4}, DIMS(2, 2));
    host_ints(h, 1, (int64_t[]){1, 2}, 2);
    is_int(host_run(h), OQ_OK, "Tile runs");
    is_mem(h->out[0].data, ((float[]){1, 2, 1, 2, 3, 4, 3, 4}), 32, "rows repeat");
    is_int(host_infer(h), OQ_OK, "Tile infers");
    is_str(host_out_type(h, 0), "float[2,4]", "2 * 2 columns");
    host_ints(h, 1, (int64_t[]){0, 2}, 2);
    is_int(host_run(h), OQ_OK, "zero times is nothing");
    is_str(host_out_shape(h, 0), "float[0,4]", "an empty tensor");
    host_ints(h, 1, (int64_t[]){2}, 1);
    is_int(host_run(h), OQ_SHAPE, "one repeat for two axes is refused");
    host_free(h);
}

static void moves_depth_to_space_and_back(void)
{
    static const char *const modes[] = {"DCR", "CRD"};
    static float x[2 * 12 * 3 * 5];

    for (size_t i = 0; i < 360; i++)
        x[i] = (float)i;
    for (int m = 0; m < 2; m++) {
        host *h = host_new("DepthToSpace", 13, 1, 1), *back = host_new("SpaceToDepth", 13, 1, 1);

        oq_node_set_int(h->node, "blocksize", 2);
        oq_node_set_int(back->node, "blocksize", 2);
        oq_node_set_string(h->node, "mode", modes[m]);
        oq_node_set_string(back->node, "mode", modes[m]);
        host_floats(h, 0, x, DIMS(2, 12, 3, 5));
        is_int(host_run(h), OQ_OK, modes[m]);
        is_str(host_out_shape(h, 0), "float[2,3,6,10]", "channels become pixels");
        is_float(host_float(h, 0, 1), m ? 15 : 45, 0, "the pixel to the right comes from channel 1, or 3");
        host_array(back, 0, OQ_FLOAT, h->out[0].data, DIMS(2, 3, 6, 10));
        is_int(host_run(back), OQ_OK, "and back");
        is_mem(back->out[0].data, x, sizeof x, "everything is where it was");
        host_free(h);
        host_free(back);
    }
}

int main(void)
{
    transposes();
    concatenates();
    splits_by_version();
    tiles();
    moves_depth_to_space_and_back();
    return tap_done();
}
