# tests of src/op. A test that runs an operator links host.c: %C%_NAME_t_SOURCES = %D%/NAME.c $(OP_HOST)
OP_HOST = %D%/host.c %D%/host.h
EXTRA_DIST += %D%/filling.h

check_PROGRAMS += %D%/op_conv.t
%C%_op_conv_t_SOURCES = %D%/op_conv.c $(OP_HOST)

check_PROGRAMS += %D%/op_conv_transpose.t
%C%_op_conv_transpose_t_SOURCES = %D%/op_conv_transpose.c $(OP_HOST)

check_PROGRAMS += %D%/op_matmul.t
%C%_op_matmul_t_SOURCES = %D%/op_matmul.c $(OP_HOST)

check_PROGRAMS += %D%/op_pool.t
%C%_op_pool_t_SOURCES = %D%/op_pool.c $(OP_HOST)

check_PROGRAMS += %D%/op_batchnorm.t
%C%_op_batchnorm_t_SOURCES = %D%/op_batchnorm.c $(OP_HOST)

check_PROGRAMS += %D%/op_global_pool.t
%C%_op_global_pool_t_SOURCES = %D%/op_global_pool.c $(OP_HOST)

check_PROGRAMS += %D%/op_lrn.t
%C%_op_lrn_t_SOURCES = %D%/op_lrn.c $(OP_HOST)

check_PROGRAMS += %D%/op_norm.t
%C%_op_norm_t_SOURCES = %D%/op_norm.c $(OP_HOST)

check_PROGRAMS += %D%/op_softmax.t
%C%_op_softmax_t_SOURCES = %D%/op_softmax.c $(OP_HOST)

check_PROGRAMS += %D%/op_dynamic_quantize.t
%C%_op_dynamic_quantize_t_SOURCES = %D%/op_dynamic_quantize.c $(OP_HOST)

check_PROGRAMS += %D%/op_quantize.t
%C%_op_quantize_t_SOURCES = %D%/op_quantize.c $(OP_HOST)

check_PROGRAMS += %D%/matmul_view.t
%C%_matmul_view_t_SOURCES = %D%/matmul_view.c $(OP_HOST)

check_PROGRAMS += %D%/op_activation.t
%C%_op_activation_t_SOURCES = %D%/op_activation.c $(OP_HOST)

check_PROGRAMS += %D%/op_binary.t
%C%_op_binary_t_SOURCES = %D%/op_binary.c $(OP_HOST)

check_PROGRAMS += %D%/op_broadcast.t
%C%_op_broadcast_t_SOURCES = %D%/op_broadcast.c $(OP_HOST)

check_PROGRAMS += %D%/op_cast.t
%C%_op_cast_t_SOURCES = %D%/op_cast.c $(OP_HOST)

check_PROGRAMS += %D%/op_constant.t
%C%_op_constant_t_SOURCES = %D%/op_constant.c $(OP_HOST)

check_PROGRAMS += %D%/op_elementwise.t
%C%_op_elementwise_t_SOURCES = %D%/op_elementwise.c $(OP_HOST)

check_PROGRAMS += %D%/op_elems.t
%C%_op_elems_t_SOURCES = %D%/op_elems.c $(OP_HOST)

check_PROGRAMS += %D%/op_gather.t
%C%_op_gather_t_SOURCES = %D%/op_gather.c $(OP_HOST)

check_PROGRAMS += %D%/op_math.t
%C%_op_math_t_SOURCES = %D%/op_math.c $(OP_HOST)

check_PROGRAMS += %D%/op_move.t
%C%_op_move_t_SOURCES = %D%/op_move.c $(OP_HOST)

check_PROGRAMS += %D%/op_pad.t
%C%_op_pad_t_SOURCES = %D%/op_pad.c $(OP_HOST)

check_PROGRAMS += %D%/op_pow.t
%C%_op_pow_t_SOURCES = %D%/op_pow.c $(OP_HOST)

check_PROGRAMS += %D%/op_reduce.t
%C%_op_reduce_t_SOURCES = %D%/op_reduce.c $(OP_HOST)

check_PROGRAMS += %D%/op_scan.t
%C%_op_scan_t_SOURCES = %D%/op_scan.c $(OP_HOST)

check_PROGRAMS += %D%/op_scatter.t
%C%_op_scatter_t_SOURCES = %D%/op_scatter.c $(OP_HOST)

check_PROGRAMS += %D%/op_select.t
%C%_op_select_t_SOURCES = %D%/op_select.c $(OP_HOST)

check_PROGRAMS += %D%/op_shape.t
%C%_op_shape_t_SOURCES = %D%/op_shape.c $(OP_HOST)

check_PROGRAMS += %D%/op_slice.t
%C%_op_slice_t_SOURCES = %D%/op_slice.c $(OP_HOST)

check_PROGRAMS += %D%/op_strided.t
%C%_op_strided_t_SOURCES = %D%/op_strided.c $(OP_HOST)

check_PROGRAMS += %D%/activation.t
%C%_activation_t_SOURCES = %D%/activation.c $(OP_HOST)

check_PROGRAMS += %D%/floats.t
%C%_floats_t_SOURCES = %D%/floats.c $(OP_HOST)

check_PROGRAMS += %D%/op_qlinear.t
%C%_op_qlinear_t_SOURCES = %D%/op_qlinear.c $(OP_HOST)

check_PROGRAMS += %D%/op_recurrent.t
%C%_op_recurrent_t_SOURCES = %D%/op_recurrent.c $(OP_HOST)

check_PROGRAMS += %D%/op_resize.t
%C%_op_resize_t_SOURCES = %D%/op_resize.c $(OP_HOST)

check_PROGRAMS += %D%/resize_axis.t
%C%_resize_axis_t_SOURCES = %D%/resize_axis.c $(OP_HOST)

check_PROGRAMS += %D%/shapes.t
%C%_shapes_t_SOURCES = %D%/shapes.c $(OP_HOST)

check_PROGRAMS += %D%/window.t
%C%_window_t_SOURCES = %D%/window.c $(OP_HOST)

check_PROGRAMS += %D%/parts.t
%C%_parts_t_SOURCES = %D%/parts.c

check_PROGRAMS += %D%/pointwise.t
%C%_pointwise_t_SOURCES = %D%/pointwise.c $(OP_HOST)

check_PROGRAMS += %D%/threads.t
%C%_threads_t_SOURCES = %D%/threads.c $(OP_HOST)

check_PROGRAMS += %D%/op_trig.t
%C%_op_trig_t_SOURCES = %D%/op_trig.c $(OP_HOST)

check_PROGRAMS += %D%/op_bits.t
%C%_op_bits_t_SOURCES = %D%/op_bits.c $(OP_HOST)

check_PROGRAMS += %D%/op_classify.t
%C%_op_classify_t_SOURCES = %D%/op_classify.c $(OP_HOST)

check_PROGRAMS += %D%/op_loss.t
%C%_op_loss_t_SOURCES = %D%/op_loss.c $(OP_HOST)

check_PROGRAMS += %D%/aligned.t
%C%_aligned_t_SOURCES = %D%/aligned.c $(OP_HOST)
check_PROGRAMS += %D%/attention.t
%C%_attention_t_SOURCES = %D%/attention.c $(OP_HOST)

check_PROGRAMS += %D%/op_attention.t
%C%_op_attention_t_SOURCES = %D%/op_attention.c $(OP_HOST)

check_PROGRAMS += %D%/fft.t
%C%_fft_t_SOURCES = %D%/fft.c $(OP_HOST)

check_PROGRAMS += %D%/op_fourier.t
%C%_op_fourier_t_SOURCES = %D%/op_fourier.c $(OP_HOST)

check_PROGRAMS += %D%/op_signal.t
%C%_op_signal_t_SOURCES = %D%/op_signal.c $(OP_HOST)

check_PROGRAMS += %D%/order.t
%C%_order_t_SOURCES = %D%/order.c $(OP_HOST)

check_PROGRAMS += %D%/op_unique.t
%C%_op_unique_t_SOURCES = %D%/op_unique.c $(OP_HOST)

check_PROGRAMS += %D%/op_reverse.t
%C%_op_reverse_t_SOURCES = %D%/op_reverse.c $(OP_HOST)

check_PROGRAMS += %D%/op_nms.t
%C%_op_nms_t_SOURCES = %D%/op_nms.c $(OP_HOST)

check_PROGRAMS += %D%/einsum.t
%C%_einsum_t_SOURCES = %D%/einsum.c $(OP_HOST)

check_PROGRAMS += %D%/op_einsum.t
%C%_op_einsum_t_SOURCES = %D%/op_einsum.c $(OP_HOST)

check_PROGRAMS += %D%/op_crop.t
%C%_op_crop_t_SOURCES = %D%/op_crop.c $(OP_HOST)

check_PROGRAMS += %D%/op_det.t
%C%_op_det_t_SOURCES = %D%/op_det.c $(OP_HOST)

check_PROGRAMS += %D%/op_col2im.t
%C%_op_col2im_t_SOURCES = %D%/op_col2im.c $(OP_HOST)

check_PROGRAMS += %D%/op_max_unpool.t
%C%_op_max_unpool_t_SOURCES = %D%/op_max_unpool.c $(OP_HOST)

check_PROGRAMS += %D%/op_tensor_scatter.t
%C%_op_tensor_scatter_t_SOURCES = %D%/op_tensor_scatter.c $(OP_HOST)

check_PROGRAMS += %D%/op_affine_grid.t
%C%_op_affine_grid_t_SOURCES = %D%/op_affine_grid.c $(OP_HOST)

check_PROGRAMS += %D%/op_grid_sample.t
%C%_op_grid_sample_t_SOURCES = %D%/op_grid_sample.c $(OP_HOST)

check_PROGRAMS += %D%/op_roi.t
%C%_op_roi_t_SOURCES = %D%/op_roi.c $(OP_HOST)

check_PROGRAMS += %D%/op_deform_conv.t
%C%_op_deform_conv_t_SOURCES = %D%/op_deform_conv.c $(OP_HOST)
check_PROGRAMS += %D%/sequence.t
%C%_sequence_t_SOURCES = %D%/sequence.c $(OP_HOST)

check_PROGRAMS += %D%/op_sequence.t
%C%_op_sequence_t_SOURCES = %D%/op_sequence.c $(OP_HOST)

# operators of com.microsoft against ONNX Runtime
dist_check_SCRIPTS += %D%/contrib.t
EXTRA_DIST += %D%/contrib.py

check_PROGRAMS += %D%/op_contrib_activation.t
%C%_op_contrib_activation_t_SOURCES = %D%/op_contrib_activation.c $(OP_HOST)

check_PROGRAMS += %D%/op_contrib_norm.t
%C%_op_contrib_norm_t_SOURCES = %D%/op_contrib_norm.c $(OP_HOST)

check_PROGRAMS += %D%/op_contrib_fused.t
%C%_op_contrib_fused_t_SOURCES = %D%/op_contrib_fused.c $(OP_HOST)
check_PROGRAMS += %D%/number_text.t
%C%_number_text_t_SOURCES = %D%/number_text.c $(OP_HOST)

check_PROGRAMS += %D%/op_strings.t
%C%_op_strings_t_SOURCES = %D%/op_strings.c $(OP_HOST)

check_PROGRAMS += %D%/op_contrib_attention.t
%C%_op_contrib_attention_t_SOURCES = %D%/op_contrib_attention.c $(OP_HOST)

check_PROGRAMS += %D%/op_contrib_qlinear.t
%C%_op_contrib_qlinear_t_SOURCES = %D%/op_contrib_qlinear.c $(OP_HOST)
check_PROGRAMS += %D%/op_refused.t
%C%_op_refused_t_SOURCES = %D%/op_refused.c $(OP_HOST)

check_PROGRAMS += %D%/op_tfidf.t
%C%_op_tfidf_t_SOURCES = %D%/op_tfidf.c $(OP_HOST)

check_PROGRAMS += %D%/op_linear_attention.t
%C%_op_linear_attention_t_SOURCES = %D%/op_linear_attention.c $(OP_HOST)

check_PROGRAMS += %D%/packed.t
%C%_packed_t_SOURCES = %D%/packed.c $(OP_HOST)
