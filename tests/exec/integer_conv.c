/* Convolutions in a row stay channels-last; ConvTranspose too. */
#include "exec/qdq.h"
#include "tap/tap.h"

static oq_value *build_conv(sketch *s, oq_value *const *in, const void *arg)
{
    oq_value *w, *y;

    s->rng = *(const oq_rng *)arg;
    w = weight(s, (int64_t[]){20, 20, 3, 3}, 4, 0);
    y = node(s, "Conv", in[0], w, bias(s, w, 0.01f));
    oq_node_set_ints(y->producer, "pads", (int64_t[]){1, 1, 1, 1}, 4);
    return y;
}

static oq_value *build_transpose(sketch *s, oq_value *const *in, const void *arg)
{
    oq_value *w, *y;

    s->rng = *(const oq_rng *)arg;
    w = weight(s, (int64_t[]){20, 20, 2, 2}, 4, 1);
    y = node(s, "ConvTranspose", in[0], w, bias(s, w, 0.01f));
    oq_node_set_ints(y->producer, "strides", (int64_t[]){1, 1}, 2);
    oq_node_set_ints(y->producer, "pads", (int64_t[]){0, 1, 1, 0}, 4);
    return y;
}

int main(void)
{
    oq_rng seed = {3};

    same_in_both_layouts(build_conv, &seed, "Conv", (int64_t[]){1, 20, 12, 13}, 20, 1, "Conv");
    same_in_both_layouts(build_transpose, &seed, "ConvTranspose", (int64_t[]){1, 20, 12, 13}, 20, 1,
                         "ConvTranspose");
    return tap_done();
}
