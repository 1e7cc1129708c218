src_libonnxq_core_la_SOURCES += \
	%D%/export.c \
	%D%/export.h \
	%D%/export_graph.c \
	%D%/export_merge.c \
	%D%/export_node.c \
	%D%/export_tensor.c \
	%D%/exporter.h \
	%D%/external.c \
	%D%/external.h \
	%D%/import.c \
	%D%/import.h \
	%D%/import_attr.c \
	%D%/import_function.c \
	%D%/import_graph.c \
	%D%/import_order.c \
	%D%/import_type.c \
	%D%/importer.h \
	%D%/rope.c \
	%D%/rope.h \
	%D%/sparse.c \
	%D%/tensor_data.c \
	%D%/wire.c \
	%D%/wire.h
