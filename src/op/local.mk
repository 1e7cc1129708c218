src_libonnxq_core_la_SOURCES += \
	%D%/families.h \
	%D%/op.h \
	%D%/op_control.c \
	%D%/op_util.c \
	%D%/table.c
