#include "op/window.h"

#include <inttypes.h>
#include <string.h>

/* Beyond this, sums and products of window numbers could overflow; no real model comes near. */
#define LARGEST ((int64_t)1 << 31)

static oq_status fail_number(const oq_node *node, oq_diag *diag, const char *attribute, int64_t number)
{
    return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__,
                      "attribute %s holds %" PRId64 ", which is out of range", attribute, number);
}

/* A list attribute: n numbers (0: absent) in least..LARGEST; per: how many belong to one axis. */
static oq_status read_list(const oq_node *node, const char *name, int64_t least, int per, oq_window *window,
                           const int64_t **list, oq_diag *diag)
{
    size_t n;

    *list = oq_node_ints(node, name, &n);
    if (n == 0) {
        *list = NULL;
        return OQ_OK;
    }
    if (n % (size_t)per || n / (size_t)per > OQ_WINDOW_RANK)
        return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__, "attribute %s has %zu numbers", name, n);
    if (window->rank >= 0 && n != (size_t)window->rank * (size_t)per)
        return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__,
                          "attribute %s has %zu numbers where the others ask for %d spatial axes", name, n,
                          window->rank);
    window->rank = (int)(n / (size_t)per);
    for (size_t i = 0; i < n; i++) {
        if ((*list)[i] < least || (*list)[i] > LARGEST)
            return fail_number(node, diag, name, (*list)[i]);
    }
    return OQ_OK;
}

static oq_status read_auto_pad(const oq_node *node, oq_auto_pad *auto_pad, oq_diag *diag)
{
    static const char *const names[] = {"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"};
    const char *name = oq_node_string(node, "auto_pad", "NOTSET");

    for (int i = 0; i < 4; i++) {
        if (strcmp(name, names[i]) == 0) {
            *auto_pad = (oq_auto_pad)i;
            return OQ_OK;
        }
    }
    if (*name == '\0') { /* some exporters write an empty string for the default */
        *auto_pad = OQ_PAD_NOTSET;
        return OQ_OK;
    }
    return oq_op_fail(diag, node, OQ_UNSUPPORTED, __FILE__, __LINE__, "unknown auto_pad \"%.40s\"", name);
}

oq_status oq_window_read(const oq_node *node, oq_window *window, oq_diag *diag)
{
    const int64_t *kernel, *stride, *dilation, *pads;

    *window = (oq_window){.rank = -1};
    OQ_TRY(read_auto_pad(node, &window->auto_pad, diag));
    OQ_TRY(read_list(node, "kernel_shape", 1, 1, window, &kernel, diag));
    OQ_TRY(read_list(node, "strides", 1, 1, window, &stride, diag));
    OQ_TRY(read_list(node, "dilations", 1, 1, window, &dilation, diag));
    OQ_TRY(read_list(node, "pads", window->auto_pad == OQ_PAD_NOTSET ? 0 : -LARGEST, 2, window, &pads, diag));
    window->ceil_mode = oq_node_int(node, "ceil_mode", 0) != 0;
    window->has_kernel = kernel != NULL;
    for (int i = 0; i < OQ_WINDOW_RANK; i++) {
        bool is_used = i < window->rank;

        window->kernel[i] = kernel && is_used ? kernel[i] : 1;
        window->stride[i] = stride && is_used ? stride[i] : 1;
        window->dilation[i] = dilation && is_used ? dilation[i] : 1;
        if (pads && is_used && window->auto_pad == OQ_PAD_NOTSET) {
            window->pad_begin[i] = pads[i];
            window->pad_end[i] = pads[i + window->rank];
        }
    }
    return OQ_OK;
}

oq_status oq_window_fit(oq_window *window, const oq_node *node, int rank, const int64_t *kernel,
                        oq_diag *diag)
{
    if (rank < 1 || rank > OQ_WINDOW_RANK)
        return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__, "an input of rank %d has no spatial axes",
                          rank + 2);
    if (window->rank >= 0 && window->rank != rank)
        return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__,
                          "attributes are for %d spatial axes, the input has %d", window->rank, rank);
    for (int i = 0; i < rank && kernel; i++) {
        if (kernel[i] < 1 || kernel[i] > LARGEST)
            return fail_number(node, diag, "kernel_shape (from the weight)", kernel[i]);
        if (window->has_kernel && window->kernel[i] != kernel[i])
            return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__,
                              "kernel_shape says %" PRId64 " on spatial axis %d, the weight has %" PRId64,
                              window->kernel[i], i, kernel[i]);
        window->kernel[i] = kernel[i];
    }
    window->rank = rank;
    window->has_kernel |= kernel != NULL;
    if (!window->has_kernel)
        return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__, "attribute kernel_shape is missing");
    return OQ_OK;
}

int64_t oq_window_output(const oq_window *window, int axis, int64_t in, int64_t *pad_begin)
{
    int64_t stride = window->stride[axis], span = window->dilation[axis] * (window->kernel[axis] - 1) + 1;
    int64_t begin = window->pad_begin[axis], room = in + begin + window->pad_end[axis] - span, out, total;

    *pad_begin = begin;
    if (window->auto_pad == OQ_PAD_SAME_UPPER || window->auto_pad == OQ_PAD_SAME_LOWER) {
        out = (in + stride - 1) / stride;
        total = (out - 1) * stride + span - in;
        total = total < 0 ? 0 : total;
        *pad_begin = window->auto_pad == OQ_PAD_SAME_LOWER ? total - total / 2 : total / 2;
        return out;
    }
    if (room < 0)
        return 0;
    if (!window->ceil_mode || window->auto_pad == OQ_PAD_VALID)
        return room / stride + 1;
    out = (room + stride - 1) / stride + 1;
    return (out - 1) * stride >= in + begin ? out - 1 : out;
}

oq_status oq_window_outputs(const oq_window *window, const oq_node *node, const int64_t *in, int64_t *out,
                            int64_t *pad_begin, oq_diag *diag)
{
    for (int i = 0; i < window->rank; i++) {
        out[i] = oq_window_output(window, i, in[i], &pad_begin[i]);
        if (out[i] <= 0 && in[i] > 0)
            return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__,
                              "a kernel of %" PRId64 " with dilation %" PRId64
                              " does not fit the padded size %" PRId64 " of spatial axis %d",
                              window->kernel[i], window->dilation[i],
                              in[i] + window->pad_begin[i] + window->pad_end[i], i);
        if (out[i] < 0)
            out[i] = 0;
    }
    return OQ_OK;
}

/* Output size equals input size whatever it is. */
static bool keeps_size(const oq_window *w, int i)
{
    bool is_same = w->auto_pad == OQ_PAD_SAME_UPPER || w->auto_pad == OQ_PAD_SAME_LOWER;

    return w->stride[i] == 1 &&
           (is_same || w->pad_begin[i] + w->pad_end[i] == w->dilation[i] * (w->kernel[i] - 1));
}

oq_status oq_window_infer(const oq_window *window, const oq_node *node, const oq_dim *in, oq_dim *out,
                          oq_diag *diag)
{
    for (int i = 0; i < window->rank; i++) {
        int64_t pad;

        out[i] = keeps_size(window, i) ? in[i] : oq_dim_unknown();
        if (in[i].size < 0)
            continue;
        out[i] = oq_dim_of(oq_window_output(window, i, in[i].size, &pad));
        if (out[i].size <= 0 && in[i].size > 0)
            return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__,
                              "a kernel of %" PRId64 " with dilation %" PRId64 " does not fit size %" PRId64
                              " of spatial axis %d",
                              window->kernel[i], window->dilation[i], in[i].size, i);
    }
    return OQ_OK;
}
