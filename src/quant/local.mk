src_libonnxq_core_la_SOURCES += \
	%D%/calibrate.c \
	%D%/calibrate.h \
	%D%/histogram.c \
	%D%/histogram.h \
	%D%/observer.c \
	%D%/observer.h \
	%D%/observer_entropy.c \
	%D%/observer_histogram_l2.c \
	%D%/observer_mean.c \
	%D%/observer_minmax.c \
	%D%/observer_moving_average.c \
	%D%/observer_mse.c \
	%D%/observer_octav.c \
	%D%/observer_percentile.c \
	%D%/place.c \
	%D%/place.h \
	%D%/place_torch.c \
	%D%/plan.c \
	%D%/plan.h \
	%D%/plan_json.c \
	%D%/qparams.c \
	%D%/qparams.h
