src_libonnxq_core_la_SOURCES += \
	%D%/families.h \
	%D%/op.h \
	%D%/op_control.c \
	%D%/op_axes.c \
	%D%/op_axes.h \
	%D%/op_binary.c \
	%D%/op_broadcast.c \
	%D%/op_broadcast.h \
	%D%/op_constant.c \
	%D%/op_elementwise.c \
	%D%/op_elementwise.h \
	%D%/op_elems.c \
	%D%/op_elems.h \
	%D%/op_move.c \
	%D%/op_move.h \
	%D%/op_pad.c \
	%D%/op_pow.c \
	%D%/op_shape.c \
	%D%/op_slice.c \
	%D%/op_strided.c \
	%D%/op_strided.h \
	%D%/op_util.c \
	%D%/table.c
