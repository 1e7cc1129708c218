#include <math.h>

#include "host.h"
#include "tap/tap.h"

static void finds_the_different_elements(void)
{
    host *h = host_new("Unique", 11, 1, 4);

    host_floats(h, 0, (float[]){2, 1, 1, 3, 4, 3}, DIMS(2, 3));
    is_int(host_run(h), OQ_OK, "Unique runs");
    is_str(host_out_shape(h, 0), "float[4]", "four different ones, as a list");
    is_mem(h->out[0].data, ((float[]){1, 2, 3, 4}), 16, "sorted");
    is_mem(h->out[1].data, ((int64_t[]){1, 0, 3, 4}), 32, "where each occurs first");
    is_mem(h->out[2].data, ((int64_t[]){1, 0, 0, 2, 3, 2}), 48, "which one each element is");
    is_mem(h->out[3].data, ((int64_t[]){2, 1, 2, 1}), 32, "how often each occurs");
    oq_node_set_int(h->node, "sorted", 0);
    is_int(host_run(h), OQ_OK, "unsorted runs");
    is_mem(h->out[0].data, ((float[]){2, 1, 3, 4}), 16, "in the order of first occurrence");
    is_mem(h->out[1].data, ((int64_t[]){0, 1, 3, 4}), 32, "which ascends");
    is_mem(h->out[2].data, ((int64_t[]){0, 1, 1, 2, 3, 2}), 48, "with numbers to match");
    is_mem(h->out[3].data, ((int64_t[]){1, 2, 2, 1}), 32, "and counts");
    host_free(h);
}

static void compares_slices(void)
{
    host *h = host_new("Unique", 11, 1, 2);

    oq_node_set_int(h->node, "axis", 1);
    host_array(h, 0, OQ_INT8, (int8_t[]){2, 1, 2, 0, 5, 0}, DIMS(2, 3)); /* columns 2 0, 1 5, 2 0 */
    is_int(host_run(h), OQ_OK, "columns run");
    is_str(host_out_shape(h, 0), "int8[2,2]", "two different columns");
    is_mem(h->out[0].data, ((int8_t[]){1, 2, 5, 0}), 4, "the lesser first element comes first");
    is_mem(h->out[1].data, ((int64_t[]){1, 0}), 16, "column 1, then column 0");
    oq_node_set_int(h->node, "axis", 2);
    is_int(host_run(h), OQ_SHAPE, "axis 2 of 2 is outside");
    host_type(h, 0, OQ_INT8, DIMS(2, 3));
    is_int(host_infer(h), OQ_SHAPE, "inference says so too");
    oq_node_set_int(h->node, "axis", -1);
    is_int(host_infer(h), OQ_OK, "axis -1 infers");
    is_str(host_out_type(h, 0), "int8[2,?]", "how many are left is open");
    host_free(h);
}

static void strings_numbers_and_nothing(void)
{
    oq_string words[] = {{"b", 1}, {"ab", 2}, {"b", 1}, {"a", 1}};
    host *h = host_new("Unique", 11, 1, 3);

    host_array(h, 0, OQ_STRING, words, DIMS(4));
    is_int(host_run(h), OQ_OK, "strings run");
    is_mem(h->out[1].data, ((int64_t[]){3, 1, 0}), 24, "a before ab before b");
    host_floats(h, 0, (float[]){NAN, 0, -0.0f, NAN}, DIMS(4));
    is_int(host_run(h), OQ_OK, "NaN and zeros run");
    is_mem(h->out[1].data, ((int64_t[]){1, 0}), 16, "one zero, then one NaN");
    host_floats(h, 0, NULL, DIMS(0));
    is_int(host_run(h), OQ_OK, "nothing runs");
    is_str(host_out_shape(h, 0), "float[0]", "and stays nothing");
    host_free(h);
}

int main(void)
{
    finds_the_different_elements();
    compares_slices();
    strings_numbers_and_nothing();
    return tap_done();
}
