src_libonnxq_core_la_SOURCES += \
	%D%/attr.c \
	%D%/check.c \
	%D%/clone.c \
	%D%/dtype.c \
	%D%/dtype.h \
	%D%/graph.c \
	%D%/graph.h \
	%D%/ir.h \
	%D%/node.c \
	%D%/print.c \
	%D%/print.h \
	%D%/shape.c \
	%D%/shape.h \
	%D%/tensor.c \
	%D%/tensor.h \
	%D%/value.c
