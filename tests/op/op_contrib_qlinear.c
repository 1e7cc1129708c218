#include "host.h"
#include "tap/tap.h"

int main(void)
{
    host *h = host_new_in("com.microsoft", "QLinearAdd", 1, 8, 1);

    host_type(h, 0, OQ_UINT8, DIMS(3, 4, 5));
    host_type(h, 3, OQ_UINT8, DIMS(4, 1));
    is_int(host_infer(h), OQ_OK, "QLinearAdd");
    is_str(host_out_type(h, 0), "uint8[3,4,5]", "broadcasts its two tensors");
    ok(h->node->op->run == NULL, "it is never run: split_qlinear takes it apart");
    host_free(h);
    h = host_new_in("com.microsoft", "QLinearSigmoid", 1, 5, 1);
    host_type(h, 0, OQ_INT8, DIMS(2, 3));
    is_int(host_infer(h), OQ_OK, "QLinearSigmoid");
    is_str(host_out_type(h, 0), "int8[2,3]", "as its input");
    host_free(h);
    h = host_new_in("com.microsoft", "QLinearConcat", 1, 5, 1);
    host_type(h, 1, OQ_UINT8, SCALAR);
    is_int(host_infer(h), OQ_OK, "QLinearConcat");
    is_int(h->out_type[0].dtype, OQ_UINT8, "has the type of its zero point");
    host_free(h);
    h = host_new_in("com.microsoft", "DynamicQuantizeMatMul", 1, 3, 1);
    host_type(h, 0, OQ_FLOAT, DIMS(2, 3));
    is_int(host_infer(h), OQ_OK, "DynamicQuantizeMatMul");
    is_int(h->out_type[0].dtype, OQ_FLOAT, "gives floats");
    host_free(h);
    return tap_done();
}
