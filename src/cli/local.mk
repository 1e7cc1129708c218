onnx_q_SOURCES += \
	%D%/main.c
