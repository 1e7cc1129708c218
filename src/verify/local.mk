src_libonnxq_core_la_SOURCES += \
	%D%/verify.h
