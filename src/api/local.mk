src_libonnxq_core_la_SOURCES += \
	%D%/api.h \
	%D%/check_model.c \
	%D%/common.c \
	%D%/compare.c \
	%D%/conversion.h \
	%D%/convert.c \
	%D%/inspect.c \
	%D%/judge.c \
	%D%/model.c \
	%D%/profile_text.c \
	%D%/recipe.c \
	%D%/session.c \
	%D%/tables.c \
	%D%/version.c
