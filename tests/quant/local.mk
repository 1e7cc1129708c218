# tests of src/quant; quant_bench.c builds a small net with a plan
quant_bench = %D%/quant_bench.c %D%/quant_bench.h tests/pass/bench.c tests/pass/bench.h

check_PROGRAMS += %D%/calibrate.t
%C%_calibrate_t_SOURCES = %D%/calibrate.c $(quant_bench)

check_PROGRAMS += %D%/histogram.t
%C%_histogram_t_SOURCES = %D%/histogram.c %D%/observer_bench.h

check_PROGRAMS += %D%/observer.t
%C%_observer_t_SOURCES = %D%/observer.c %D%/observer_bench.h

check_PROGRAMS += %D%/observer_entropy.t
%C%_observer_entropy_t_SOURCES = %D%/observer_entropy.c %D%/observer_bench.h

check_PROGRAMS += %D%/observer_histogram_l2.t
%C%_observer_histogram_l2_t_SOURCES = %D%/observer_histogram_l2.c %D%/observer_bench.h

check_PROGRAMS += %D%/observer_mean.t
%C%_observer_mean_t_SOURCES = %D%/observer_mean.c %D%/observer_bench.h

check_PROGRAMS += %D%/observer_minmax.t
%C%_observer_minmax_t_SOURCES = %D%/observer_minmax.c %D%/observer_bench.h

check_PROGRAMS += %D%/observer_moving_average.t
%C%_observer_moving_average_t_SOURCES = %D%/observer_moving_average.c %D%/observer_bench.h

check_PROGRAMS += %D%/observer_mse.t
%C%_observer_mse_t_SOURCES = %D%/observer_mse.c %D%/observer_bench.h

check_PROGRAMS += %D%/observer_octav.t
%C%_observer_octav_t_SOURCES = %D%/observer_octav.c %D%/observer_bench.h

check_PROGRAMS += %D%/observer_percentile.t
%C%_observer_percentile_t_SOURCES = %D%/observer_percentile.c %D%/observer_bench.h

check_PROGRAMS += %D%/place.t
%C%_place_t_SOURCES = %D%/place.c $(quant_bench)

check_PROGRAMS += %D%/plan.t
%C%_plan_t_SOURCES = %D%/plan.c $(quant_bench)

check_PROGRAMS += %D%/qparams.t
%C%_qparams_t_SOURCES = %D%/qparams.c
