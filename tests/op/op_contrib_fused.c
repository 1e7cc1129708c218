#include "host.h"
#include "tap/tap.h"

int main(void)
{
    host *h = host_new_in("com.microsoft", "FusedMatMul", 1, 2, 1);

    host_type(h, 0, OQ_FLOAT, DIMS(2, 5, 3));
    host_type(h, 1, OQ_FLOAT, DIMS(2, 4, 5));
    oq_node_set_int(h->node, "transA", 1);
    oq_node_set_int(h->node, "transB", 1);
    is_int(host_infer(h), OQ_OK, "FusedMatMul");
    is_str(host_out_type(h, 0), "float[2,3,4]", "turns its inputs");
    oq_node_set_int(h->node, "transBatchA", 1);
    is_int(host_infer(h), OQ_OK, "with turned batches");
    ok(h->out_type[0].shape.rank < 0, "nothing is told");
    ok(h->node->op->run == NULL, "it is never run: split_fused takes it apart");
    host_free(h);
    h = host_new_in("com.microsoft", "FusedGemm", 1, 2, 1);
    host_type(h, 0, OQ_FLOAT, DIMS(5, 3));
    host_type(h, 1, OQ_FLOAT, DIMS(5, 4));
    oq_node_set_int(h->node, "transA", 1);
    is_int(host_infer(h), OQ_OK, "FusedGemm");
    is_str(host_out_type(h, 0), "float[3,4]", "as Gemm");
    host_free(h);
    h = host_new_in("com.microsoft", "FusedConv", 1, 2, 1);
    host_type(h, 0, OQ_FLOAT, DIMS(1, 3, 8, 8));
    host_type(h, 1, OQ_FLOAT, DIMS(4, 3, 3, 3));
    is_int(host_infer(h), OQ_OK, "FusedConv");
    is_str(host_out_type(h, 0), "float[1,4,6,6]", "as Conv");
    host_free(h);
    return tap_done();
}
