src_libonnxq_core_la_SOURCES += \
	%D%/op.h
