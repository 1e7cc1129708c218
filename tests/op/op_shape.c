#include <string.h>

#include "host.h"
#include "tap/tap.h"

static void shape_gives_sizes(void)
{
    host *h = host_new("Shape", 15, 1, 1);

    host_type(h, 0, OQ_FLOAT, DIMS(-1, 3, -1));
    host_symbol(h, 0, 0, "N");
    is_int(host_infer(h), OQ_OK, "Shape infers");
    is_str(host_out_type(h, 0), "int64[3]", "one number per axis");
    is_str(host_out_elems(h), "N,3,?", "symbols become contents");
    oq_node_set_int(h->node, "start", -2);
    oq_node_set_int(h->node, "end", 9);
    host_infer(h);
    is_str(host_out_elems(h), "3,?", "start and end cut, and are clamped");
    host_floats(h, 0, (float[6]){0}, DIMS(1, 2, 3));
    is_int(host_run(h), OQ_OK, "Shape runs");
    is_int(host_int(h, 0, 1), 3, "the last size");
    host_free(h);

    h = host_new("Size", 13, 1, 1);
    host_type(h, 0, OQ_FLOAT, DIMS(-1, 1));
    host_symbol(h, 0, 0, "N");
    host_infer(h);
    is_str(host_out_elems(h), "N", "1 * N elements are N");
    host_free(h);
}

static void reshape_solves_its_open_size(void)
{
    host *h = host_new("Reshape", 14, 2, 1);

    host_type(h, 0, OQ_FLOAT, DIMS(-1, 3, 4));
    host_symbol(h, 0, 0, "N");
    host_ints(h, 1, (int64_t[]){0, -1}, 2);
    is_int(host_infer(h), OQ_OK, "Reshape infers");
    is_str(host_out_type(h, 0), "float[N,12]", "N cancels: -1 is 12");
    host_ints(h, 1, (int64_t[]){-1, 12}, 2);
    host_infer(h);
    is_str(host_out_type(h, 0), "float[N,12]", "-1 is the symbol");
    host_elems(h, 1, "?,3,2,2", 1);
    host_infer(h);
    is_str(host_out_type(h, 0), "float[N,3,2,2]", "one unknown size follows like a -1");
    host_elems(h, 1, "?,-1", 1);
    host_infer(h);
    is_str(host_out_type(h, 0), "float[?,?]", "two do not");
    host_ints(h, 1, (int64_t[]){-1, 5}, 2);
    host_infer(h);
    is_str(host_out_type(h, 0), "float[?,5]", "12N / 5 stays open");
    host_type(h, 0, OQ_FLOAT, DIMS(3, 4));
    is_int(host_infer(h), OQ_SHAPE, "12 elements are no multiple of 5");
    host_ints(h, 1, (int64_t[]){-2}, 1);
    is_int(host_infer(h), OQ_SHAPE, "a size of -2 means nothing");
    host_free(h);
}

static void reshape_runs_by_version(void)
{
    host *h = host_new("Reshape", 14, 2, 1);

    host_floats(h, 0, (float[]){1, 2, 3, 4, 5, 6}, DIMS(2, 3));
    host_ints(h, 1, (int64_t[]){3, -1}, 2);
    is_int(host_run(h), OQ_OK, "Reshape runs");
    is_str(host_out_shape(h, 0), "float[3,2]", "-1 follows");
    is_int(h->aliased_to[0], 0, "without a copy");
    host_ints(h, 1, (int64_t[]){4, -1}, 2);
    is_int(host_run(h), OQ_SHAPE, "6 is no multiple of 4");
    host_floats(h, 0, NULL, DIMS(0, 3));
    host_ints(h, 1, (int64_t[]){3, 0}, 2);
    is_int(host_run(h), OQ_SHAPE, "0 copies size 3, so 9 elements are wanted");
    oq_node_set_int(h->node, "allowzero", 1);
    is_int(host_run(h), OQ_OK, "with allowzero 0 means 0");
    is_str(host_out_shape(h, 0), "float[3,0]", "an empty tensor stays empty");
    host_free(h);
}

static void squeeze_by_version(void)
{
    host *h = host_new("Squeeze", 11, 1, 1);

    oq_node_set_ints(h->node, "axes", (int64_t[]){-1}, 1);
    host_floats(h, 0, (float[]){1, 2}, DIMS(1, 2, 1));
    is_int(host_run(h), OQ_OK, "Squeeze-11 takes axes from its attribute");
    is_str(host_out_shape(h, 0), "float[1,2]", "the last axis went");
    host_free(h);

    h = host_new("Squeeze", 13, 2, 1);
    host_floats(h, 0, (float[]){1, 2}, DIMS(1, 2, 1));
    host_ints(h, 1, (int64_t[]){0, 2}, 2);
    is_int(host_run(h), OQ_OK, "Squeeze-13 takes axes from its input");
    is_str(host_out_shape(h, 0), "float[2]", "both went");
    host_ints(h, 1, (int64_t[]){1}, 1);
    is_int(host_run(h), OQ_SHAPE, "size 2 cannot go");
    ok(strstr(h->diag.message, "axis 1 has size 2") != NULL, "the message says which axis");
    host_ints(h, 1, (int64_t[]){3}, 1);
    is_int(host_infer(h), OQ_SHAPE, "axis 3 of 3 is outside");
    host_free(h);

    h = host_new("Squeeze", 13, 1, 1);
    host_type(h, 0, OQ_FLOAT, DIMS(-1, 2, 1));
    host_infer(h);
    is_str(host_out_type(h, 0), "float[?]", "without axes an unknown size may go or stay");
    host_free(h);
}

static void unsqueeze_by_version(void)
{
    host *h = host_new("Unsqueeze", 13, 2, 1);

    host_elems(h, 0, "N", 0);
    host_ints(h, 1, (int64_t[]){0}, 1);
    is_int(host_infer(h), OQ_OK, "Unsqueeze infers");
    is_str(host_out_type(h, 0), "int64[1]", "a scalar becomes a list");
    is_str(host_out_elems(h), "N", "with the same contents");
    host_floats(h, 0, (float[]){1, 2}, DIMS(2));
    host_ints(h, 1, (int64_t[]){-1, 0}, 2);
    is_int(host_run(h), OQ_OK, "Unsqueeze runs");
    is_str(host_out_shape(h, 0), "float[1,2,1]", "axes count in the output");
    host_ints(h, 1, (int64_t[]){0, 0}, 2);
    is_int(host_run(h), OQ_SHAPE, "an axis given twice is refused");
    host_free(h);

    h = host_new("Unsqueeze", 11, 1, 1);
    oq_node_set_ints(h->node, "axes", (int64_t[]){1}, 1);
    host_floats(h, 0, (float[]){1, 2}, DIMS(2));
    is_int(host_run(h), OQ_OK, "Unsqueeze-11 takes axes from its attribute");
    is_str(host_out_shape(h, 0), "float[2,1]", "axis 1 is new");
    host_free(h);
}

static void flattens(void)
{
    host *h = host_new("Flatten", 13, 1, 1);

    host_type(h, 0, OQ_FLOAT, DIMS(-1, 3, 4));
    host_symbol(h, 0, 0, "N");
    host_infer(h);
    is_str(host_out_type(h, 0), "float[N,12]", "Flatten keeps the batch symbol");
    oq_node_set_int(h->node, "axis", -1);
    host_floats(h, 0, (float[24]){0}, DIMS(2, 3, 4));
    is_int(host_run(h), OQ_OK, "Flatten runs");
    is_str(host_out_shape(h, 0), "float[6,4]", "axis -1");
    oq_node_set_int(h->node, "axis", 4);
    is_int(host_run(h), OQ_SHAPE, "axis 4 of 3 is outside");
    host_free(h);
}

static void dropout_drops_nothing(void)
{
    host *h = host_new("Dropout", 13, 1, 2);

    host_floats(h, 0, (float[]){1, 2}, DIMS(2));
    is_int(host_run(h), OQ_OK, "Dropout runs");
    is_float(host_float(h, 0, 1), 2, 0, "the data passes");
    is_str(host_out_shape(h, 1), "bool[2]", "the mask is bool");
    is_int(host_int(h, 1, 0), 1, "and all ones");
    h->wanted[1] = false;
    is_int(host_run(h), OQ_OK, "without the mask too");
    host_free(h);

    h = host_new("Dropout", 12, 3, 1);
    host_floats(h, 0, (float[]){1, 2}, DIMS(2));
    host_floats(h, 1, (float[]){0.5f}, SCALAR);
    host_array(h, 2, OQ_BOOL, (uint8_t[]){1}, SCALAR);
    is_int(host_run(h), OQ_UNSUPPORTED, "training mode is refused");
    host_free(h);
}

int main(void)
{
    shape_gives_sizes();
    reshape_solves_its_open_size();
    reshape_runs_by_version();
    squeeze_by_version();
    unsqueeze_by_version();
    flattens();
    dropout_drops_nothing();
    return tap_done();
}
