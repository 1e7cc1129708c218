/* MaxPool on codes: against the float run, and in either layout. */
#include "exec/qdq.h"
#include "tap/tap.h"

typedef struct window {
    const char *what;
    int rank;
    int64_t dims[5], kernel[3], strides[3], dilations[3], pads[6];
    bool ceil_mode;
} window;

static const window windows[] = {
    {"2x2", 4, {1, 5, 8, 9}, {2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, false},
    {"3x3, padded", 4, {2, 20, 9, 8}, {3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}, false},
    {"uneven, dilated, rounded up", 4, {1, 7, 9, 10}, {3, 2}, {2, 3}, {2, 1}, {1, 0, 0, 1}, true},
    {"1-D", 3, {2, 6, 20}, {3}, {2}, {1}, {1, 1}, false},
    {"3-D", 5, {1, 4, 4, 5, 6}, {2, 3, 2}, {1, 2, 2}, {1, 1, 1}, {0, 1, 0, 1, 1, 1}, false},
};

static oq_value *build(sketch *s, oq_value *const *in, const void *arg)
{
    const window *w = arg;
    oq_value *y = node(s, "MaxPool", in[0], NULL, NULL);
    int n = w->rank - 2;

    oq_node_set_ints(y->producer, "kernel_shape", w->kernel, (size_t)n);
    oq_node_set_ints(y->producer, "strides", w->strides, (size_t)n);
    oq_node_set_ints(y->producer, "dilations", w->dilations, (size_t)n);
    oq_node_set_ints(y->producer, "pads", w->pads, (size_t)(2 * n));
    oq_node_set_int(y->producer, "ceil_mode", w->ceil_mode);
    return y;
}

static void against_float(const window *w, oq_dtype dtype)
{
    sketch s = begin(dtype);
    oq_value *x = input(&s, w->dims, w->rank, 0.01f, 100);
    both b;

    run_both(&s, quantize(&s, build(&s, &x, w), 0.01f, zero_of(&s, 100)), &b);
    is_int(b.n_units, 1, w->what);
    is_mem(b.got[1]->data, b.got[0]->data, b.got[0]->size, "the same codes as in float");
    end(&s, &b);
}

/* The output's parameters must be those of the input: here the helper's own output pair differs, so the pool
 * runs behind a mover of its own. */
static void between_convs(const window *w)
{
    sketch s = begin(OQ_UINT8);
    int64_t one[5] = {w->dims[1], w->dims[1], 1, 1, 1};
    oq_value *x = input(&s, w->dims, w->rank, 0.02f, 120), *q, *y;
    both b;

    q = quantize(&s, node(&s, "Conv", x, weight(&s, one, w->rank, 0), NULL), 0.013f, 100);
    x = dequantize(&s, q);
    y = dequantize(&s, quantize(&s, build(&s, &x, w), 0.013f, 100));
    run_both(&s, quantize(&s, node(&s, "Conv", y, weight(&s, one, w->rank, 0), NULL), 0.02f, 120), &b);
    is_int(b.n_units, 3, w->what);
    codes_agree(&b, "between two Convs");
    end(&s, &b);
}

int main(void)
{
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        against_float(&windows[i], OQ_UINT8);
        against_float(&windows[i], OQ_INT8);
        between_convs(&windows[i]);
    }
    return tap_done();
}
