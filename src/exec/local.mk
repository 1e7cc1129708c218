src_libonnxq_core_la_SOURCES += \
	%D%/control.c \
	%D%/exec.h \
	%D%/integer.c \
	%D%/integer.h \
	%D%/integer_conv.c \
	%D%/integer_conv_transpose.c \
	%D%/integer_matmul.c \
	%D%/integer_simple.c \
	%D%/memory.c \
	%D%/memory.h \
	%D%/memplan.c \
	%D%/one_node.c \
	%D%/profile.c \
	%D%/profile.h \
	%D%/program.c \
	%D%/program.h \
	%D%/run.c \
	%D%/unit.h \
	%D%/unit_params.c \
	%D%/units.h
