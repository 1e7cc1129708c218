/* families: the row tables, one per op_<family>.c, each sorted by (domain, name, since) and ended by a NULL
 * name. */
#ifndef OQ_OP_FAMILIES_H
#define OQ_OP_FAMILIES_H

#include "op/op.h"

/* A row may leave out its last columns: they are then 0, their default. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

extern const oq_op oq_ops_activation[];
extern const oq_op oq_ops_affine_grid[];
extern const oq_op oq_ops_attention[];
extern const oq_op oq_ops_batchnorm[];
extern const oq_op oq_ops_bits[];
extern const oq_op oq_ops_cast[];
extern const oq_op oq_ops_classify[];
extern const oq_op oq_ops_col2im[];
extern const oq_op oq_ops_constant[];
extern const oq_op oq_ops_contrib_activation[];
extern const oq_op oq_ops_contrib_attention[];
extern const oq_op oq_ops_contrib_fused[];
extern const oq_op oq_ops_contrib_norm[];
extern const oq_op oq_ops_contrib_qlinear[];
extern const oq_op oq_ops_control[];
extern const oq_op oq_ops_conv[];
extern const oq_op oq_ops_conv_transpose[];
extern const oq_op oq_ops_crop[];
extern const oq_op oq_ops_deform_conv[];
extern const oq_op oq_ops_det[];
extern const oq_op oq_ops_dynamic_quantize[];
extern const oq_op oq_ops_einsum[];
extern const oq_op oq_ops_elementwise[];
extern const oq_op oq_ops_fourier[];
extern const oq_op oq_ops_gather[];
extern const oq_op oq_ops_global_pool[];
extern const oq_op oq_ops_grid_sample[];
extern const oq_op oq_ops_linear_attention[];
extern const oq_op oq_ops_loss[];
extern const oq_op oq_ops_lrn[];
extern const oq_op oq_ops_math[];
extern const oq_op oq_ops_matmul[];
extern const oq_op oq_ops_max_unpool[];
extern const oq_op oq_ops_move[];
extern const oq_op oq_ops_nms[];
extern const oq_op oq_ops_norm[];
extern const oq_op oq_ops_pool[];
extern const oq_op oq_ops_qlinear[];
extern const oq_op oq_ops_quantize[];
extern const oq_op oq_ops_recurrent[];
extern const oq_op oq_ops_reduce[];
extern const oq_op oq_ops_refused[];
extern const oq_op oq_ops_resize[];
extern const oq_op oq_ops_reverse[];
extern const oq_op oq_ops_roi[];
extern const oq_op oq_ops_scan[];
extern const oq_op oq_ops_scatter[];
extern const oq_op oq_ops_select[];
extern const oq_op oq_ops_sequence[];
extern const oq_op oq_ops_shape[];
extern const oq_op oq_ops_signal[];
extern const oq_op oq_ops_softmax[];
extern const oq_op oq_ops_strings[];
extern const oq_op oq_ops_tensor_scatter[];
extern const oq_op oq_ops_tfidf[];
extern const oq_op oq_ops_trig[];
extern const oq_op oq_ops_unique[];

#endif
