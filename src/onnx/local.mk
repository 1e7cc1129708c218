src_libonnxq_core_la_SOURCES += \
	%D%/external.c \
	%D%/external.h \
	%D%/import.c \
	%D%/import.h \
	%D%/import_attr.c \
	%D%/import_graph.c \
	%D%/import_order.c \
	%D%/import_type.c \
	%D%/importer.h \
	%D%/sparse.c \
	%D%/tensor_data.c \
	%D%/wire.c \
	%D%/wire.h
