src_libonnxq_core_la_SOURCES += \
	%D%/bias.c \
	%D%/clean_qdq.c \
	%D%/fake_quant.c \
	%D%/fake_quant.h \
	%D%/lower_qdq.c \
	%D%/pass.h \
	%D%/per_channel.c
