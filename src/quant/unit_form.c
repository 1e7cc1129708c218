/* unit_form: the weight as a matrix, and patches at random positions as rows. */
#include "quant/unit_form.h"

#include <string.h>

#include "ir/graph.h"

static bool conv_form(const oq_node *node, const oq_tensor *weight, oq_unit_form *f)
{
    int64_t groups = oq_node_int(node, "group", 1);

    f->is_conv = true;
    f->spatial = weight->rank - 2;
    if (f->spatial < 1 || f->spatial > OQ_WINDOW_RANK || groups < 1 || weight->dims[0] % groups != 0 ||
        oq_window_read(node, &f->window, NULL) != OQ_OK ||
        oq_window_fit(&f->window, node, f->spatial, weight->dims + 2, NULL) != OQ_OK)
        return false;
    f->groups = (size_t)groups;
    f->n_out = (size_t)weight->dims[0] / f->groups;
    f->k = oq_dims_product(weight->dims, 1, weight->rank);
    memcpy(f->kernel, weight->dims + 2, (size_t)f->spatial * sizeof *f->kernel);
    return true;
}

bool oq_unit_form_of(const oq_node *node, const oq_tensor *weight, oq_unit_form *out)
{
    bool is_gemm = oq_node_is(node, "Gemm");

    *out = (oq_unit_form){.node = node, .groups = 1};
    if (oq_node_is(node, "Conv"))
        return conv_form(node, weight, out) && weight->n_elements > 0;
    if ((!is_gemm && !oq_node_is(node, "MatMul")) || weight->rank != 2 || weight->n_elements == 0 ||
        (is_gemm && oq_node_int(node, "transA", 0)))
        return false;
    out->is_across = !is_gemm || !oq_node_int(node, "transB", 0);
    out->n_out = (size_t)weight->dims[out->is_across ? 1 : 0];
    out->k = (size_t)weight->dims[out->is_across ? 0 : 1];
    return true;
}

void oq_unit_to_matrix(const oq_unit_form *form, const float *weight, float *matrix)
{
    if (!form->is_across) {
        memcpy(matrix, weight, form->groups * form->n_out * form->k * sizeof *matrix);
        return;
    }
    for (size_t i = 0; i < form->k; i++) {
        for (size_t o = 0; o < form->n_out; o++)
            matrix[o * form->k + i] = weight[i * form->n_out + o];
    }
}

void oq_unit_from_matrix(const oq_unit_form *form, const float *matrix, float *weight)
{
    if (!form->is_across) {
        memcpy(weight, matrix, form->groups * form->n_out * form->k * sizeof *matrix);
        return;
    }
    for (size_t i = 0; i < form->k; i++) {
        for (size_t o = 0; o < form->n_out; o++)
            weight[i * form->n_out + o] = matrix[o * form->k + i];
    }
}

/* ---- matrices */

static size_t matrix_rows(const oq_unit_form *form, const oq_array *x, size_t limit, oq_rng *rng, float *rows)
{
    size_t total = x->n / form->k, n = total < limit ? total : limit;
    const float *data = x->data;

    if (x->rank < 1 || (size_t)x->dims[x->rank - 1] != form->k)
        return 0;
    for (size_t i = 0; i < n; i++)
        memcpy(rows + i * form->k, data + oq_rng_spread(rng, i, n, total) * form->k, form->k * sizeof *rows);
    return n;
}

/* ---- patches */

typedef struct {
    const oq_unit_form *form;
    const oq_array *x;
    size_t taps;     /* of one channel */
    size_t plane;    /* positions of one image */
    int first;       /* spatial axis of x */
    bool is_last;    /* channels are the last axis */
    size_t channels; /* per group */
    int64_t pad[OQ_WINDOW_RANK], out[OQ_WINDOW_RANK];
    ptrdiff_t *offset; /* of each tap from the start of a plane at the position in hand; -1: padding */
} patcher;

/* Offsets of all taps for the output at `position` (over the spatial axes). */
static void place_taps(patcher *p, size_t position)
{
    const oq_window *w = &p->form->window;
    int64_t at[OQ_WINDOW_RANK] = {0};

    for (int a = p->form->spatial; a-- > 0; position /= (size_t)p->out[a])
        at[a] = (int64_t)(position % (size_t)p->out[a]) * w->stride[a] - p->pad[a];
    for (size_t t = 0; t < p->taps; t++) {
        size_t rest = t;
        int64_t offset = 0, step = 1;

        for (int a = p->form->spatial; a-- > 0; rest /= (size_t)p->form->kernel[a]) {
            int64_t i = at[a] + (int64_t)(rest % (size_t)p->form->kernel[a]) * w->dilation[a];
            int64_t size = p->x->dims[a + p->first];

            if (i < 0 || i >= size || offset < 0)
                offset = -1;
            else
                offset += i * step;
            step *= size;
        }
        p->offset[t] = (ptrdiff_t)offset;
    }
}

static void take_patch(const patcher *p, size_t image, size_t group, float *row)
{
    const float *data = p->x->data;
    size_t all = p->form->groups * p->channels, step = p->is_last ? all : 1;

    data += image * all * p->plane + group * p->channels * (p->is_last ? 1 : p->plane);
    for (size_t c = 0; c < p->channels; c++, data += p->is_last ? 1 : p->plane) {
        for (size_t t = 0; t < p->taps; t++)
            *row++ = p->offset[t] < 0 ? 0.0f : data[(size_t)p->offset[t] * step];
    }
}

enum { MOST_TAPS = 4096 };

static size_t conv_rows(const oq_unit_form *form, const oq_array *x, bool is_last, size_t limit, oq_rng *rng,
                        float *rows)
{
    ptrdiff_t offset[MOST_TAPS];
    patcher p = {
        .form = form, .x = x, .taps = 1, .first = is_last ? 1 : 2, .is_last = is_last, .offset = offset};
    size_t outputs, total, n;

    for (int a = 0; a < form->spatial; a++)
        p.taps *= (size_t)form->kernel[a];
    p.channels = form->k / p.taps;
    if (p.taps > MOST_TAPS || x->rank != form->spatial + 2 ||
        (size_t)x->dims[is_last ? x->rank - 1 : 1] != p.channels * form->groups ||
        oq_window_outputs(&form->window, form->node, x->dims + p.first, p.out, p.pad, NULL) != OQ_OK)
        return 0;
    p.plane = oq_dims_product(x->dims, p.first, p.first + form->spatial);
    outputs = oq_dims_product(p.out, 0, form->spatial);
    total = outputs * (size_t)x->dims[0];
    n = total < limit ? total : limit;
    for (size_t i = 0; i < n; i++) {
        size_t position = oq_rng_spread(rng, i, n, total);

        place_taps(&p, position % outputs);
        for (size_t g = 0; g < form->groups; g++)
            take_patch(&p, position / outputs, g, rows + (g * n + i) * form->k);
    }
    return n;
}

size_t oq_unit_rows(const oq_unit_form *form, const oq_array *x, bool is_last, size_t limit, oq_rng *rng,
                    float *rows)
{
    if (x->dtype != OQ_FLOAT || x->n == 0)
        return 0;
    if (form->is_conv)
        return conv_rows(form, x, is_last, limit, rng, rows);
    return is_last && x->rank > 2 ? 0 : matrix_rows(form, x, limit, rng, rows);
}
