src_libonnxq_core_la_SOURCES += \
	%D%/metrics.c \
	%D%/verify.c \
	%D%/verify.h
