#include <string.h>

#include "host.h"
#include "tap/tap.h"

static void pads_by_looking(void)
{
    static const struct {
        const char *mode;
        float y[8];
    } rows[] = {
        {"constant", {0, 0, 0, 1, 2, 3, 0, 0}},
        {"reflect", {2, 3, 2, 1, 2, 3, 2, 1}},
        {"edge", {1, 1, 1, 1, 2, 3, 3, 3}},
        {"wrap", {1, 2, 3, 1, 2, 3, 1, 2}},
    };

    for (size_t i = 0; i < 4; i++) {
        host *h = host_new("Pad", 19, 2, 1);

        oq_node_set_string(h->node, "mode", rows[i].mode);
        host_floats(h, 0, (float[]){1, 2, 3}, DIMS(3));
        host_ints(h, 1, (int64_t[]){3, 2}, 2);
        is_int(host_run(h), OQ_OK, rows[i].mode);
        is_mem(h->out[0].data, rows[i].y, 32, "three before, two after");
        host_free(h);
    }
}

static void pads_and_cuts_with_a_constant(void)
{
    host *h = host_new("Pad", 13, 3, 1);

    host_array(h, 0, OQ_INT8, (int8_t[]){1, 2, 3, 4, 5, 6}, DIMS(2, 3));
    host_ints(h, 1, (int64_t[]){1, -1, 0, 1}, 4);
    host_array(h, 2, OQ_INT8, (int8_t[]){9}, SCALAR);
    is_int(host_run(h), OQ_OK, "Pad of int8 runs");
    is_str(host_out_shape(h, 0), "int8[3,3]", "a row more, a column less and one more");
    is_mem(h->out[0].data, ((int8_t[]){9, 9, 9, 2, 3, 9, 5, 6, 9}), 9, "negative pads cut");
    is_int(host_infer(h), OQ_OK, "Pad infers");
    is_str(host_out_type(h, 0), "int8[3,3]", "the same shape");
    host_ints(h, 1, (int64_t[]){0, 0, 0, 0}, 4);
    is_int(host_run(h), OQ_OK, "no pads at all");
    is_int(h->aliased_to[0], 0, "are no copy");
    host_ints(h, 1, (int64_t[]){1, 1}, 2);
    is_int(host_run(h), OQ_SHAPE, "two pads for two axes are too few");
    host_free(h);
}

static void pads_by_version(void)
{
    host *h = host_new("Pad", 10, 1, 1);

    oq_node_set_ints(h->node, "pads", (int64_t[]){0, 1}, 2);
    oq_node_set_float(h->node, "value", 7);
    host_floats(h, 0, (float[]){1}, DIMS(1));
    is_int(host_run(h), OQ_OK, "Pad-2 takes pads and value from attributes");
    is_float(host_float(h, 0, 1), 7, 0, "the value");
    host_free(h);

    h = host_new("Pad", 18, 4, 1);
    host_floats(h, 0, (float[]){1, 2}, DIMS(2, 1));
    host_ints(h, 1, (int64_t[]){0, 1}, 2);
    h->in_list[2] = NULL;
    host_ints(h, 3, (int64_t[]){-1}, 1);
    is_int(host_run(h), OQ_OK, "Pad-18 pads chosen axes");
    is_str(host_out_shape(h, 0), "float[2,2]", "the last one");
    host_type(h, 0, OQ_FLOAT, DIMS(-1, 1));
    host_symbol(h, 0, 0, "N");
    is_int(host_infer(h), OQ_OK, "and infers");
    is_str(host_out_type(h, 0), "float[N,2]", "an axis without pads keeps its symbol");
    oq_node_set_string(h->node, "mode", "mirror");
    is_int(host_run(h), OQ_UNSUPPORTED, "another mode is refused");
    ok(strstr(h->diag.message, "mode 'mirror'") != NULL, "by name");
    host_free(h);
}

int main(void)
{
    pads_by_looking();
    pads_and_cuts_with_a_constant();
    pads_by_version();
    return tap_done();
}
