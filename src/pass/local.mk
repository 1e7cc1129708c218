src_libonnxq_core_la_SOURCES += \
	%D%/bias.c \
	%D%/bind_constants.c \
	%D%/clean_qdq.c \
	%D%/drop_dead.c \
	%D%/edit.c \
	%D%/edit.h \
	%D%/fake_quant.c \
	%D%/fake_quant.h \
	%D%/fold_constants.c \
	%D%/fuse_activation.c \
	%D%/fuse_batchnorm.c \
	%D%/fuse_matmul_add.c \
	%D%/fuse_pad.c \
	%D%/infer.c \
	%D%/infer.h \
	%D%/infer_control.c \
	%D%/infer_shapes.c \
	%D%/inline_functions.c \
	%D%/lower_qdq.c \
	%D%/pass.h \
	%D%/per_channel.c \
	%D%/pipeline.c \
	%D%/raise_opset.c \
	%D%/raise_opset.h \
	%D%/raise_opset_math.c \
	%D%/raise_opset_shape.c \
	%D%/read_qdq.c \
	%D%/remove_noops.c \
	%D%/simplify.c
	%D%/split_fused.c
