# tests of src/op. A test that runs an operator links host.c: %C%_NAME_t_SOURCES = %D%/NAME.c $(OP_HOST)
OP_HOST = %D%/host.c %D%/host.h

check_PROGRAMS += %D%/elementwise.t
%C%_elementwise_t_SOURCES = %D%/elementwise.c $(OP_HOST)

check_PROGRAMS += %D%/shape.t
%C%_shape_t_SOURCES = %D%/shape.c $(OP_HOST)
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
