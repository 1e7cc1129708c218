src_libonnxq_core_la_SOURCES += \
	%D%/ir.h \
	%D%/dtype.h \
	%D%/graph.h \
	%D%/tensor.h \
	%D%/shape.h \
	%D%/print.h
