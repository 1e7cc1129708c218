src_libonnxq_core_la_SOURCES += \
	%D%/qparams.h \
	%D%/plan.h \
	%D%/observer.h \
	%D%/calibrate.h
