src_libonnxq_core_la_SOURCES += \
	%D%/json.c \
	%D%/report.h \
	%D%/text.c
