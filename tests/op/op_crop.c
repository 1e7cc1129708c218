#include "host.h"
#include "tap/tap.h"

static void crops_and_pads(void)
{
    host *h = host_new("CenterCropPad", 18, 2, 1);

    host_floats(h, 0, (float[]){1, 2, 3, 4, 5}, DIMS(1, 5));
    host_ints(h, 1, (int64_t[]){2, 2}, 2);
    is_int(host_run(h), OQ_OK, "it runs");
    is_mem(h->out[0].data, ((float[]){2, 3, 0, 0}), 16,
           "one is cut in front and two behind; a row of zeros follows");
    oq_node_set_ints(h->node, "axes", (int64_t[]){-1}, 1);
    host_ints(h, 1, (int64_t[]){8}, 1);
    is_int(host_run(h), OQ_OK, "one axis alone runs");
    is_mem(h->out[0].data, ((float[]){0, 1, 2, 3, 4, 5, 0, 0}), 32, "one zero in front, two behind");
    is_int(host_infer(h), OQ_OK, "it infers");
    is_str(host_out_type(h, 0), "float[1,8]", "the size that is given");
    host_ints(h, 1, (int64_t[]){-1}, 1);
    is_int(host_run(h), OQ_RANGE, "a negative size is refused");
    host_ints(h, 1, (int64_t[]){2, 2}, 2);
    is_int(host_run(h), OQ_SHAPE, "and two sizes for one axis");
    oq_node_set_ints(h->node, "axes", (int64_t[]){2, 0}, 2);
    is_int(host_run(h), OQ_SHAPE, "and an axis outside");
    host_free(h);
}

static void strings_and_nothing(void)
{
    oq_string words[] = {{"a", 1}};
    host *h = host_new("CenterCropPad", 18, 2, 1);

    host_array(h, 0, OQ_STRING, words, DIMS(1));
    host_ints(h, 1, (int64_t[]){2}, 1);
    is_int(host_run(h), OQ_OK, "strings run");
    is_str(((oq_string *)h->out[0].data)[1].data, "", "empty ones are put around");
    host_floats(h, 0, NULL, DIMS(0));
    is_int(host_run(h), OQ_OK, "nothing runs");
    is_mem(h->out[0].data, ((float[2]){0}), 8, "and becomes zeros");
    host_free(h);
}

int main(void)
{
    crops_and_pads();
    strings_and_nothing();
    return tap_done();
}
