# tests of src/quant; quant_bench.c builds a small net with a plan
quant_bench = %D%/quant_bench.c %D%/quant_bench.h tests/pass/bench.c tests/pass/bench.h

check_PROGRAMS += %D%/calibrate.t
%C%_calibrate_t_SOURCES = %D%/calibrate.c $(quant_bench)

check_PROGRAMS += %D%/observer.t
%C%_observer_t_SOURCES = %D%/observer.c

check_PROGRAMS += %D%/place.t
%C%_place_t_SOURCES = %D%/place.c $(quant_bench)

check_PROGRAMS += %D%/plan.t
%C%_plan_t_SOURCES = %D%/plan.c $(quant_bench)

check_PROGRAMS += %D%/qparams.t
%C%_qparams_t_SOURCES = %D%/qparams.c
