/* unit_scale: see the header. */
#include "pass/unit_scale.h"

#include <math.h>
#include <string.h>

#include "pass/edit.h"
#include "quant/weight.h"

/* ---- input channels */

/* Layout of a weight by input channel. */
typedef struct {
    const oq_tensor *weight;
    size_t n_in, n_out; /* channels, over all groups */
    size_t groups, per_group, taps;
    bool is_conv, is_across; /* across: stored input x output */
} form;

static const oq_tensor *float_constant(const oq_node *node, int input)
{
    const oq_tensor *tensor = oq_node_input_constant(node, input);

    return tensor && tensor->dtype == OQ_FLOAT ? tensor : NULL;
}

static bool form_of(const oq_node *unit, form *f)
{
    bool is_gemm = oq_node_is(unit, "Gemm");

    *f = (form){.weight = float_constant(unit, 1), .groups = 1, .taps = 1};
    if (!f->weight || f->weight->rank < 2 || f->weight->n_elements == 0)
        return false;
    if (oq_node_is(unit, "Conv")) {
        f->is_conv = true;
        f->groups = (size_t)oq_node_int(unit, "group", 1);
        f->n_out = (size_t)f->weight->dims[0];
        f->per_group = (size_t)f->weight->dims[1];
        f->n_in = f->per_group * f->groups;
        f->taps = f->weight->n_elements / f->n_out / f->per_group;
        return f->groups > 0 && f->n_out % f->groups == 0;
    }
    if (f->weight->rank != 2 || !(is_gemm ? !oq_node_int(unit, "transA", 0) : oq_node_is(unit, "MatMul")))
        return false;
    f->is_across = !is_gemm || !oq_node_int(unit, "transB", 0);
    f->n_in = f->per_group = (size_t)f->weight->dims[f->is_across ? 0 : 1];
    f->n_out = (size_t)f->weight->dims[f->is_across ? 1 : 0];
    return true;
}

/* Input channel and output of element i. */
static size_t input_of(const form *f, size_t i)
{
    if (f->is_across)
        return i / f->n_out;
    if (!f->is_conv)
        return i % f->n_in;
    return i / f->per_group / f->taps / (f->n_out / f->groups) * f->per_group + i / f->taps % f->per_group;
}

static size_t output_of(const form *f, size_t i)
{
    if (f->is_across)
        return i % f->n_out;
    return i / f->per_group / f->taps;
}

size_t oq_unit_input_channels(const oq_node *unit, int *axis)
{
    form f;

    *axis = oq_node_is(unit, "MatMul") ? -1 : 1;
    return form_of(unit, &f) ? f.n_in : 0;
}

oq_status oq_unit_reader(const oq_node *unit, oq_arena *arena, oq_equalize_reader *out)
{
    const float *w;
    double *square;
    float *largest;
    form f;

    if (!form_of(unit, &f))
        return OQ_INTERNAL;
    w = oq_tensor_as_floats(f.weight, arena);
    square = OQ_NEW_ARRAY(arena, double, f.n_in);
    largest = OQ_NEW_ARRAY(arena, float, f.n_in *f.n_out);
    if (!w || !square || !largest)
        return OQ_NOMEM;
    for (size_t i = 0; i < f.weight->n_elements; i++) {
        size_t c = input_of(&f, i);
        float *most = &largest[output_of(&f, i) * f.n_in + c];

        square[c] += (double)w[i] * (double)w[i];
        *most = fmaxf(*most, fabsf(w[i]));
    }
    *out = (oq_equalize_reader){square, largest, f.n_out};
    return OQ_OK;
}

oq_status oq_unit_scale_input(oq_node *unit, const float *factor, oq_arena *scratch)
{
    float *w;
    form f;

    if (!form_of(unit, &f))
        return OQ_INTERNAL;
    w = oq_tensor_as_floats(f.weight, scratch);
    if (!w)
        return OQ_NOMEM;
    for (size_t i = 0; i < f.weight->n_elements; i++)
        w[i] *= factor[input_of(&f, i)];
    return oq_node_replace_floats(unit, 1, w);
}

/* ---- the bias */

static bool pads(const oq_node *unit)
{
    const char *mode = oq_node_string(unit, "auto_pad", "NOTSET");
    size_t n;
    const int64_t *sizes = oq_node_ints(unit, "pads", &n);

    for (size_t i = 0; i < n; i++) {
        if (sizes[i] != 0)
            return true;
    }
    return strcmp(mode, "NOTSET") != 0 && strcmp(mode, "VALID") != 0;
}

bool oq_unit_can_shift_input(oq_node *unit)
{
    oq_unit_bias at = oq_find_unit_bias(unit);
    form f;

    if (!form_of(unit, &f) || !oq_unit_is_unscaled(unit) || (f.is_conv && pads(unit)))
        return false;
    return oq_unit_lacks_bias(unit) ||
           (at.holder && float_constant(at.holder, at.input)->n_elements == f.n_out && f.n_out > 1);
}

oq_status oq_unit_set_bias(oq_node *unit, const float *bias, size_t n)
{
    oq_unit_bias at = oq_find_unit_bias(unit);
    oq_arena *arena = unit->graph->model->arena;
    int64_t dims = (int64_t)n;
    bool is_zero = true;
    oq_value *value;

    for (size_t o = 0; o < n; o++)
        is_zero &= bias[o] == 0.0f;
    if (at.holder)
        return oq_node_replace_constant(at.holder, at.input, oq_tensor_from_floats(arena, bias, &dims, 1));
    if (is_zero)
        return OQ_OK;
    value = oq_graph_add_initializer(unit->graph, oq_arena_printf(arena, "%s_bias", unit->outputs[0]->name),
                                     oq_tensor_from_floats(arena, bias, &dims, 1));
    return value ? oq_node_set_input(unit, 2, value) : OQ_NOMEM;
}

/* bias = bias * factor + add. factor NULL: 1. */
static oq_status change_bias(oq_node *unit, size_t n, const float *factor, const double *add,
                             oq_arena *scratch)
{
    oq_unit_bias at = oq_find_unit_bias(unit);
    float *bias = at.holder ? oq_tensor_as_floats(float_constant(at.holder, at.input), scratch)
                            : OQ_NEW_ARRAY(scratch, float, n);

    if (!bias)
        return OQ_NOMEM;
    for (size_t o = 0; o < n; o++)
        bias[o] = (float)((double)bias[o] * (factor ? (double)factor[o] : 1) + (add ? add[o] : 0));
    return oq_unit_set_bias(unit, bias, n);
}

oq_status oq_unit_shift_input(oq_node *unit, const float *shift, oq_arena *scratch)
{
    double *add;
    float *w;
    form f;

    if (!form_of(unit, &f))
        return OQ_INTERNAL;
    w = oq_tensor_as_floats(f.weight, scratch);
    add = OQ_NEW_ARRAY(scratch, double, f.n_out);
    if (!w || !add)
        return OQ_NOMEM;
    for (size_t i = 0; i < f.weight->n_elements; i++)
        add[output_of(&f, i)] += (double)w[i] * (double)shift[input_of(&f, i)];
    return change_bias(unit, f.n_out, NULL, add, scratch);
}

/* ---- output channels */

bool oq_unit_can_scale_output(const oq_node *unit, size_t n)
{
    const oq_tensor *weight = float_constant(unit, 1);
    int axis;

    if (!weight ||
        (!oq_node_is(unit, "Conv") && !oq_node_is(unit, "Gemm") && !oq_node_is(unit, "ConvTranspose")) ||
        (oq_node_is(unit, "ConvTranspose") && oq_node_int(unit, "group", 1) != 1) ||
        !oq_unit_is_unscaled(unit))
        return false;
    axis = oq_op_weight_axis(unit, weight->rank);
    if (axis < 0 || (size_t)weight->dims[axis] != n)
        return false;
    return oq_unit_lacks_bias(unit) || (float_constant(unit, 2) && float_constant(unit, 2)->rank == 1 &&
                                        float_constant(unit, 2)->n_elements == n);
}

oq_status oq_unit_scale_output(oq_node *unit, const float *factor, const float *add, oq_arena *scratch)
{
    const oq_tensor *weight = float_constant(unit, 1);
    int axis = oq_op_weight_axis(unit, weight->rank);
    size_t n = (size_t)weight->dims[axis], inner = oq_dims_product(weight->dims, axis + 1, weight->rank);
    float *w = oq_tensor_as_floats(weight, scratch);
    double *more = OQ_NEW_ARRAY(scratch, double, n);

    if (!w || !more)
        return OQ_NOMEM;
    for (size_t i = 0; i < weight->n_elements; i++)
        w[i] *= factor[i / inner % n];
    for (size_t o = 0; add && o < n; o++)
        more[o] = (double)add[o];
    OQ_TRY(oq_node_replace_floats(unit, 1, w));
    return change_bias(unit, n, factor, more, scratch);
}
