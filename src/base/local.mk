src_libonnxq_core_la_SOURCES += \
	%D%/arena.c \
	%D%/arena.h \
	%D%/buf.c \
	%D%/buf.h \
	%D%/diag.c \
	%D%/diag.h \
	%D%/file.c \
	%D%/file.h \
	%D%/map.c \
	%D%/map.h \
	%D%/pool.c \
	%D%/pool.h \
	%D%/rng.h \
	%D%/sha256.c \
	%D%/sha256.h
