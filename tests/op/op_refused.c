#include <string.h>

#include "host.h"
#include "tap/tap.h"

static void is_refused(const char *op, int opset, int n_in, const char *reason)
{
    host *h = host_new(op, opset, n_in, 1);

    if (n_in)
        host_floats(h, 0, (float[]){0.5f}, DIMS(1, 1));
    is_int(host_run(h), OQ_UNSUPPORTED, op);
    ok(strstr(h->diag.message, reason) != NULL, "it says why");
    host_free(h);
}

static void shapes_are_known(void)
{
    host *h = host_new("RandomNormal", 22, 0, 1);

    oq_node_set_ints(h->node, "shape", (int64_t[]){2, 3}, 2);
    is_int(host_infer(h), OQ_OK, "RandomNormal infers");
    is_str(host_out_type(h, 0), "float[2,3]", "by its attribute");
    oq_node_set_int(h->node, "dtype", 77);
    is_int(host_infer(h), OQ_SHAPE, "type 77 does not exist");
    host_free(h);
    h = host_new("Bernoulli", 15, 1, 1);
    host_type(h, 0, OQ_DOUBLE, DIMS(-1, 3));
    oq_node_set_int(h->node, "dtype", OQ_BOOL);
    is_int(host_infer(h), OQ_OK, "Bernoulli infers");
    is_str(host_out_type(h, 0), "bool[?,3]", "the shape of its input");
    host_free(h);
    h = host_new("Multinomial", 7, 1, 1);
    host_type(h, 0, OQ_FLOAT, DIMS(4, 9));
    oq_node_set_int(h->node, "sample_size", 5);
    is_int(host_infer(h), OQ_OK, "Multinomial infers");
    is_str(host_out_type(h, 0), "int32[4,5]", "samples for each row");
    host_free(h);
    h = host_new("RegexFullMatch", 20, 1, 1);
    host_type(h, 0, OQ_STRING, DIMS(4));
    is_int(host_infer(h), OQ_OK, "RegexFullMatch infers");
    is_str(host_out_type(h, 0), "bool[4]", "yes or no for each string");
    host_free(h);
}

static void others_are_refused(void)
{
    host *h = host_new_in("ai.onnx.preview.training", "Adam", 1, 6, 2);

    is_int(host_run(h), OQ_UNSUPPORTED, "Adam is refused");
    host_free(h);
    h = host_new_in("ai.onnx.preview", "FlexAttention", 1, 3, 1);
    is_int(host_run(h), OQ_UNSUPPORTED, "FlexAttention is refused");
    host_free(h);
}

int main(void)
{
    is_refused("RandomUniformLike", 15, 1, "random numbers");
    is_refused("RandomNormal", 1, 0, "random numbers");
    is_refused("ImageDecoder", 20, 1, "decoded pictures");
    is_refused("RegexFullMatch", 20, 1, "regular expressions");
    others_are_refused();
    shapes_are_known();
    return tap_done();
}
