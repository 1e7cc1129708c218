/* A constant 1x1 convolution of a large image takes the product in NCHW, one whose weight is an input does
 * not: the bits must be the same. */
#include <string.h>

#include "filling.h"
#include "host.h"
#include "op/pointwise.h"
#include "tap/tap.h"

static host *conv(const float *x, const float *w, const float *b, const int64_t *x_dims, int64_t m,
                  bool is_constant)
{
    host *h = host_new("Conv", 13, b ? 3 : 2, 1);
    int64_t w_dims[] = {m, x_dims[1], 1, 1};

    host_floats(h, 0, x, x_dims, 4);
    host_floats(h, 1, w, w_dims, 4);
    if (b)
        host_floats(h, 2, b, DIMS(m));
    if (is_constant)
        oq_value_set_constant(h->node->inputs[1], oq_tensor_from_floats(h->model->arena, w, w_dims, 4));
    if (is_constant && b)
        oq_value_set_constant(h->node->inputs[2], oq_tensor_from_floats(h->model->arena, b, &m, 1));
    is_int(host_run(h), OQ_OK, is_constant ? "constant weight" : "weight as input");
    return h;
}

static void check(int64_t n, int64_t c, int64_t m, int64_t height, int64_t width, bool has_bias)
{
    int64_t dims[] = {n, c, height, width};
    float *x = some_floats((size_t)(n * c * height * width), 1), *w = some_floats((size_t)(c * m), 2);
    float *b = some_floats((size_t)m, 3);
    host *fast = conv(x, w, has_bias ? b : NULL, dims, m, true);
    host *plain = conv(x, w, has_bias ? b : NULL, dims, m, false);

    ok(fast->out[0].size == plain->out[0].size &&
           memcmp(fast->out[0].data, plain->out[0].data, plain->out[0].size) == 0,
       "%d images of %d x %d, %d to %d channels: the same bits", (int)n, (int)height, (int)width, (int)c,
       (int)m);
    host_free(fast);
    host_free(plain);
    free(x);
    free(w);
    free(b);
}

int main(void)
{
    oq_conv_spec spec = {.rank = 2, .groups = 1, .kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}};

    ok(oq_is_pointwise(&spec), "1x1, stride 1, one group");
    spec.stride[1] = 2;
    ok(!oq_is_pointwise(&spec), "a stride is another matter");
    check(1, 5, 7, 16, 16, true);
    check(2, 33, 19, 13, 11, true);
    check(1, 300, 70, 40, 23, true);
    check(1, 17, 3, 64, 65, false);
    return tap_done();
}
