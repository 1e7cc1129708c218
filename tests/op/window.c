#include "op/window.h"

#include <string.h>

#include "host.h"
#include "tap/tap.h"

static host *h;

static oq_status read_window(oq_window *w)
{
    oq_diag_clear(&h->diag);
    return oq_window_read(h->node, w, &h->diag);
}

static void test_defaults(void)
{
    oq_window w;

    h = host_new("MaxPool", 12, 1, 1);
    is_int(read_window(&w), OQ_OK, "no attributes");
    is_int(w.rank, -1, "tell no rank");
    is_int(oq_window_fit(&w, h->node, 2, NULL, &h->diag), OQ_SHAPE, "a window needs a kernel");
    is_int(oq_window_fit(&w, h->node, 2, (int64_t[]){3, 5}, &h->diag), OQ_OK, "that of a weight will do");
    is_int(w.kernel[1], 5, "and is taken");
    host_free(h);
}

static void test_sizes(void)
{
    oq_window w;
    int64_t pad;

    h = host_new("MaxPool", 12, 1, 1);
    oq_node_set_ints(h->node, "kernel_shape", (int64_t[]){3}, 1);
    oq_node_set_ints(h->node, "strides", (int64_t[]){2}, 1);
    oq_node_set_ints(h->node, "pads", (int64_t[]){1, 1}, 2);
    is_int(read_window(&w), OQ_OK, "3 stride 2 padding 1");
    is_int(oq_window_output(&w, 0, 8, &pad), 4, "8 gives 4, rounded down");
    w.ceil_mode = true;
    is_int(oq_window_output(&w, 0, 8, &pad), 5, "or 5, rounded up");
    w.pad_end[0] = 2;
    is_int(oq_window_output(&w, 0, 7, &pad), 4, "a window that starts in the padding at the end is dropped");
    is_int(oq_window_output(&w, 0, 0, &pad), 1, "padding alone holds a window");
    w.auto_pad = OQ_PAD_SAME_LOWER;
    is_int(oq_window_output(&w, 0, 8, &pad), 4, "SAME: 8 / 2");
    is_int(pad, 1, "LOWER: the odd one in front");
    w.auto_pad = OQ_PAD_SAME_UPPER;
    oq_window_output(&w, 0, 8, &pad);
    is_int(pad, 0, "UPPER: behind");
    host_free(h);
}

static void test_refusals(void)
{
    oq_window w;

    h = host_new("MaxPool", 12, 1, 1);
    oq_node_set_ints(h->node, "kernel_shape", (int64_t[]){3, 3}, 2);
    oq_node_set_ints(h->node, "pads", (int64_t[]){1, 1}, 2);
    is_int(read_window(&w), OQ_SHAPE, "lists of different lengths are refused");
    ok(strstr(h->diag.message, "pads") != NULL, "in words: %s", h->diag.message);
    oq_node_set_ints(h->node, "pads", (int64_t[]){1, 1, -1, 0}, 4);
    is_int(read_window(&w), OQ_SHAPE, "negative padding is refused");
    oq_node_remove_attr(h->node, "pads");
    oq_node_set_string(h->node, "auto_pad", "SAME");
    is_int(read_window(&w), OQ_UNSUPPORTED, "an unknown auto_pad is refused");
    ok(strstr(h->diag.message, "\"SAME\"") != NULL, "in words: %s", h->diag.message);
    host_free(h);
}

int main(void)
{
    test_defaults();
    test_sizes();
    test_refusals();
    return tap_done();
}
