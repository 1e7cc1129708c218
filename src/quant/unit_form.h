/* unit_form: a unit as a matrix product. Conv, Gemm and MatMul with a constant weight are, per group, outputs
 * x K: the weight as a matrix, and what it is multiplied with as rows of length K (patches of a convolution).
 */
#ifndef OQ_QUANT_UNIT_FORM_H
#define OQ_QUANT_UNIT_FORM_H

#include "base/rng.h"
#include "op/window.h"

typedef struct oq_unit_form {
    const oq_node *node;
    size_t groups, n_out, k; /* outputs per group; length of a row */
    bool is_conv;
    bool is_across;   /* the weight is stored K x outputs */
    oq_window window; /* is_conv */
    int64_t kernel[OQ_WINDOW_RANK];
    int spatial; /* is_conv: axes */
} oq_unit_form;

/* False: no such form (ConvTranspose, a weight of rank 3 in MatMul, transA, attributes that contradict the
 * weight). */
bool oq_unit_form_of(const oq_node *node, const oq_tensor *weight, oq_unit_form *out);
/* Weight in ONNX order -> [group][output][k], and back. Both groups * n_out * k floats. */
void oq_unit_to_matrix(const oq_unit_form *form, const float *weight, float *matrix);
void oq_unit_from_matrix(const oq_unit_form *form, const float *matrix, float *weight);
/* Axis of the output channels in the result of the unit. */
int oq_unit_channel_axis(const oq_unit_form *form, int rank);

/* At most `limit` rows of x (float32; is_last: dims [N, spatial..., C]) at random positions, in ascending
 * order of position: rows[group][n][k]. Returns n; 0 also when x does not fit the unit. */
size_t oq_unit_rows(const oq_unit_form *form, const oq_array *x, bool is_last, size_t limit, oq_rng *rng,
                    float *rows);

#endif
