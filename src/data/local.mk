src_libonnxq_core_la_SOURCES += \
	%D%/dataset.c \
	%D%/dataset.h \
	%D%/feed.c \
	%D%/feed.h \
	%D%/folder.c \
	%D%/folder.h \
	%D%/image.c \
	%D%/image.h \
	%D%/image_jpeg.c \
	%D%/image_png.c \
	%D%/image_resize.c \
	%D%/mapping.c \
	%D%/mapping.h \
	%D%/match.c \
	%D%/npy.c \
	%D%/npy.h \
	%D%/npz.c \
	%D%/npz.h \
	%D%/npz_writer.c \
	%D%/source.h \
	%D%/source_array.c \
	%D%/source_file.c \
	%D%/source_image.c \
	%D%/tensor_pb.c \
	%D%/tensor_pb.h
