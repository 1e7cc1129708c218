src_libonnxq_core_la_SOURCES += \
	%D%/dataset.h \
	%D%/mapping.c \
	%D%/mapping.h \
	%D%/npy.c \
	%D%/npy.h \
	%D%/npz.c \
	%D%/npz.h
