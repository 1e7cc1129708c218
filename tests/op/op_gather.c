#include <string.h>

#include "host.h"
#include "tap/tap.h"

static const float six[] = {1, 2, 3, 4, 5, 6};

static void gathers(void)
{
    host *h = host_new("Gather", 13, 2, 1);

    host_floats(h, 0, six, DIMS(2, 3));
    host_ints(h, 1, (int64_t[]){2, -3}, 2);
    oq_node_set_int(h->node, "axis", 1);
    is_int(host_run(h), OQ_OK, "Gather runs");
    is_mem(h->out[0].data, ((float[]){3, 1, 6, 4}), 16, "columns 2 and -3");
    host_ints(h, 1, (int64_t[]){3}, 1);
    is_int(host_run(h), OQ_RANGE, "index 3 of 3 is outside");
    ok(strstr(h->diag.message, "index 3 is outside an axis of size 3") != NULL, "the message says so");
    host_array(h, 1, OQ_INT32, (int32_t[]){0}, SCALAR);
    is_int(host_run(h), OQ_OK, "a scalar index");
    is_str(host_out_shape(h, 0), "float[2]", "takes the axis away");
    host_floats(h, 1, six, DIMS(1));
    is_int(host_run(h), OQ_UNSUPPORTED, "floats are no indices");
    host_free(h);

    h = host_new("Gather", 13, 2, 1);
    host_elems(h, 0, "N,3,8,?", 1);
    host_elems(h, 1, "-4", 0);
    is_int(host_infer(h), OQ_OK, "Gather infers");
    is_str(host_out_type(h, 0), "int64[]", "one number of a shape");
    is_str(host_out_elems(h), "N", "the batch");
    host_elems(h, 1, "1,?,2", 1);
    host_infer(h);
    is_str(host_out_elems(h), "3,?,8", "several of them");
    host_free(h);
}

static void gathers_elements(void)
{
    host *h = host_new("GatherElements", 13, 2, 1);

    host_floats(h, 0, six, DIMS(2, 3));
    host_array(h, 1, OQ_INT64, (int64_t[]){1, 0, 1}, DIMS(1, 3));
    is_int(host_run(h), OQ_OK, "GatherElements runs");
    is_mem(h->out[0].data, ((float[]){4, 2, 6}), 12, "a row for each column");
    host_array(h, 1, OQ_INT64, (int64_t[4]){0}, DIMS(1, 4));
    is_int(host_run(h), OQ_SHAPE, "more columns than the data has are refused");
    host_free(h);
}

static void gathers_tuples(void)
{
    host *h = host_new("GatherND", 13, 2, 1);

    host_floats(h, 0, six, DIMS(2, 3));
    host_array(h, 1, OQ_INT64, (int64_t[]){1, -1, 0, 0}, DIMS(2, 2));
    is_int(host_run(h), OQ_OK, "GatherND runs");
    is_mem(h->out[0].data, ((float[]){6, 1}), 8, "places (1,-1) and (0,0)");
    oq_node_set_int(h->node, "batch_dims", 1);
    host_array(h, 1, OQ_INT64, (int64_t[]){1, 2}, DIMS(2, 1));
    is_int(host_run(h), OQ_OK, "with a batch axis");
    is_mem(h->out[0].data, ((float[]){2, 6}), 8, "column 1 of row 0, column 2 of row 1");
    is_int(host_infer(h), OQ_OK, "GatherND infers");
    is_str(host_out_type(h, 0), "float[2]", "one per batch");
    host_array(h, 1, OQ_INT64, (int64_t[]){3, 0}, DIMS(2, 1));
    is_int(host_run(h), OQ_RANGE, "column 3 of 3 is outside");
    host_free(h);
}

static void one_hot(void)
{
    host *h = host_new("OneHot", 11, 3, 1);

    host_ints(h, 0, (int64_t[]){1, -1, 9}, 3);
    host_floats(h, 1, (float[]){3}, DIMS(1));
    host_floats(h, 2, (float[]){0, 5}, DIMS(2));
    is_int(host_run(h), OQ_OK, "OneHot runs");
    is_mem(h->out[0].data, ((float[]){0, 5, 0, 0, 0, 5, 0, 0, 0}), 36, "an index outside is all off");
    host_elems(h, 1, "3", 1);
    oq_node_set_int(h->node, "axis", 0);
    is_int(host_infer(h), OQ_OK, "OneHot infers");
    is_str(host_out_type(h, 0), "float[3,3]", "the depth is known");
    host_free(h);
}

int main(void)
{
    gathers();
    gathers_elements();
    gathers_tuples();
    one_hot();
    return tap_done();
}
