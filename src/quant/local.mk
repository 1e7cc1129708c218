src_libonnxq_core_la_SOURCES += \
	%D%/calibrate.c \
	%D%/calibrate.h \
	%D%/observer.c \
	%D%/observer.h \
	%D%/place.c \
	%D%/place.h \
	%D%/place_torch.c \
	%D%/plan.c \
	%D%/plan.h \
	%D%/plan_json.c \
	%D%/qparams.c \
	%D%/qparams.h
