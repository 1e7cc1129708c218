#include <string.h>

#include "host.h"
#include "tap/tap.h"

static void constants_of_every_form(void)
{
    host *h = host_new("Constant", 13, 0, 1);
    oq_attr *attr;

    oq_node_set_tensor(h->node, "value", oq_tensor_from_ints(h->model->arena, (int64_t[]){2, -1}, 2));
    is_int(host_run(h), OQ_OK, "Constant of a tensor runs");
    is_str(host_out_shape(h, 0), "int64[2]", "its shape");
    is_int(host_int(h, 0, 1), -1, "its numbers");
    is_int(host_infer(h), OQ_OK, "and infers");
    is_str(host_out_elems(h), "2,-1", "contents are known");
    oq_node_remove_attr(h->node, "value");
    is_int(host_run(h), OQ_UNSUPPORTED, "without a value it does not run");
    oq_node_set_ints(h->node, "value_ints", (int64_t[]){4, 5, 6}, 3);
    is_int(host_run(h), OQ_OK, "value_ints");
    is_str(host_out_shape(h, 0), "int64[3]", "is a list");
    oq_node_remove_attr(h->node, "value_ints");
    oq_node_set_float(h->node, "value_float", 1.5f);
    is_int(host_run(h), OQ_OK, "value_float");
    is_str(host_out_shape(h, 0), "float[]", "is a scalar");
    oq_node_remove_attr(h->node, "value_float");
    attr = oq_node_add_attr(h->node, "value_strings", OQ_ATTR_STRINGS);
    attr->strings = (oq_string[]){{"x", 1}, {"yz", 2}};
    attr->n = 2;
    is_int(host_run(h), OQ_OK, "value_strings");
    is_str(((oq_string *)h->out[0].data)[1].data, "yz", "the second");
    host_free(h);
}

static void fills_a_shape(void)
{
    host *h = host_new("ConstantOfShape", 9, 1, 1);

    host_ints(h, 0, (int64_t[]){2, 3}, 2);
    is_int(host_run(h), OQ_OK, "ConstantOfShape runs");
    is_str(host_out_shape(h, 0), "float[2,3]", "float by default");
    is_float(host_float(h, 0, 5), 0, 0, "zeros by default");
    oq_node_set_tensor(h->node, "value", oq_tensor_from_ints(h->model->arena, (int64_t[]){7}, 1));
    host_ints(h, 0, (int64_t[]){3}, 1);
    is_int(host_run(h), OQ_OK, "with a value");
    is_int(host_int(h, 0, 2), 7, "it is everywhere");
    is_int(host_infer(h), OQ_OK, "and infers");
    is_str(host_out_elems(h), "7,7,7", "its contents");
    host_elems(h, 0, "N,2", 1);
    host_infer(h);
    is_str(host_out_type(h, 0), "int64[N,2]", "a symbol is a size");
    host_ints(h, 0, (int64_t[]){-1}, 1);
    is_int(host_run(h), OQ_SHAPE, "a negative size is refused");
    host_free(h);
}

static void ranges(void)
{
    host *h = host_new("Range", 11, 3, 1);

    for (int i = 0; i < 3; i++)
        host_array(h, i, OQ_INT32, &(int32_t[]){10, 4, -2}[i], SCALAR);
    is_int(host_run(h), OQ_OK, "Range of int32 runs");
    is_mem(h->out[0].data, ((int32_t[]){10, 8, 6}), 12, "downwards, without the limit");
    for (int i = 0; i < 3; i++)
        host_floats(h, i, &(float[]){1, 2, 0.3f}[i], SCALAR);
    is_int(host_run(h), OQ_OK, "Range of floats runs");
    is_str(host_out_shape(h, 0), "float[4]", "ceil(1 / 0.3) elements");
    host_floats(h, 2, (float[]){0}, SCALAR);
    is_int(host_run(h), OQ_RANGE, "a step of 0 is refused");
    host_elems(h, 0, "0", 0);
    host_elems(h, 1, "N", 0);
    host_elems(h, 2, "1", 0);
    is_int(host_infer(h), OQ_OK, "Range infers");
    is_str(host_out_type(h, 0), "int64[N]", "0 to N by 1 has N elements");
    host_elems(h, 1, "3", 0);
    host_infer(h);
    is_str(host_out_elems(h), "0,1,2", "contents are known");
    host_free(h);
}

static void expands(void)
{
    host *h = host_new("Expand", 13, 2, 1);

    host_floats(h, 0, (float[]){1, 2}, DIMS(2, 1));
    host_ints(h, 1, (int64_t[]){2, 1, 3}, 3);
    is_int(host_run(h), OQ_OK, "Expand runs");
    is_str(host_out_shape(h, 0), "float[2,2,3]", "both sides broadcast");
    is_mem(h->out[0].data, ((float[]){1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2}), 48, "columns repeat");
    host_type(h, 0, OQ_FLOAT, DIMS(1, 4));
    host_elems(h, 1, "N,1", 1);
    is_int(host_infer(h), OQ_OK, "Expand infers");
    is_str(host_out_type(h, 0), "float[N,4]", "a symbol is a size");
    host_ints(h, 1, (int64_t[]){3}, 1);
    is_int(host_infer(h), OQ_SHAPE, "4 does not expand to 3");
    host_free(h);
}

static void unit_matrices(void)
{
    host *h = host_new("EyeLike", 9, 1, 1);

    host_floats(h, 0, (float[6]){0}, DIMS(2, 3));
    oq_node_set_int(h->node, "k", 1);
    oq_node_set_int(h->node, "dtype", OQ_INT32);
    is_int(host_run(h), OQ_OK, "EyeLike runs");
    is_mem(h->out[0].data, ((int32_t[]){0, 1, 0, 0, 0, 1}), 24, "ones above the diagonal");
    oq_node_set_int(h->node, "k", INT64_MAX);
    is_int(host_run(h), OQ_OK, "a diagonal far outside");
    is_int(host_int(h, 0, 1), 0, "has no ones");
    host_free(h);
}

int main(void)
{
    constants_of_every_form();
    fills_a_shape();
    ranges();
    expands();
    unit_matrices();
    return tap_done();
}
