src_libonnxq_core_la_SOURCES += \
	%D%/api.h \
	%D%/common.c \
	%D%/convert.c \
	%D%/model.c \
	%D%/version.c
