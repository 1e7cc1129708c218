/* Average pools give the same codes in either layout; their values are tested in integer.c. */
#include "exec/qdq.h"
#include "tap/tap.h"

typedef struct window {
    const char *op;
    int64_t kernel[2], strides[2], pads[4];
    bool counts_padding, ceil_mode;
} window;

static oq_value *build(sketch *s, oq_value *const *in, const void *arg)
{
    const window *w = arg;
    oq_value *y = node(s, w->op, in[0], NULL, NULL);

    if (w->kernel[0] == 0)
        return y;
    oq_node_set_ints(y->producer, "kernel_shape", w->kernel, 2);
    oq_node_set_ints(y->producer, "strides", w->strides, 2);
    oq_node_set_ints(y->producer, "pads", w->pads, 4);
    oq_node_set_int(y->producer, "count_include_pad", w->counts_padding);
    oq_node_set_int(y->producer, "ceil_mode", w->ceil_mode);
    return y;
}

int main(void)
{
    static const window windows[] = {
        {"AveragePool", {3, 2}, {2, 1}, {1, 1, 1, 0}, false, false},
        {"AveragePool", {3, 3}, {1, 2}, {1, 1, 1, 1}, true, false},
        {"AveragePool", {3, 3}, {2, 3}, {1, 0, 0, 1}, true, true},
        {"GlobalAveragePool", {0, 0}, {0, 0}, {0, 0, 0, 0}, false, false},
    };

    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
        same_in_both_layouts(build, &windows[i], windows[i].op, (int64_t[]){1, 20, 12, 13}, 20, 1,
                             windows[i].op);
    return tap_done();
}
