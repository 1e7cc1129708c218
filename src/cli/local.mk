# The program: only what onnxq.h offers; jansson reads --config and prints tables.
onnx_q_LDADD += $(JANSSON_LIBS)
onnx_q_SOURCES += \
	%D%/cli.h \
	%D%/cmd_compare.c \
	%D%/cmd_convert.c \
	%D%/cmd_look.c \
	%D%/cmd_run.c \
	%D%/cmd_table.c \
	%D%/command.c \
	%D%/command.h \
	%D%/config.c \
	%D%/data.c \
	%D%/help.c \
	%D%/main.c \
	%D%/message.c \
	%D%/opt.c \
	%D%/opt.h \
	%D%/opt_rows.c \
	%D%/outfile.c \
	%D%/parse.c \
	%D%/progress.c \
	%D%/progress.h \
	%D%/signals.c
