# tests of src/quant; quant_bench.c builds a small net with a plan
quant_bench = %D%/quant_bench.c %D%/quant_bench.h tests/pass/bench.c tests/pass/bench.h
fit_bench = %D%/fit_bench.c %D%/fit_bench.h $(quant_bench)

check_PROGRAMS += %D%/calibrate.t
%C%_calibrate_t_SOURCES = %D%/calibrate.c $(quant_bench)

check_PROGRAMS += %D%/channels.t
%C%_channels_t_SOURCES = %D%/channels.c $(quant_bench)

check_PROGRAMS += %D%/equalizer.t
%C%_equalizer_t_SOURCES = %D%/equalizer.c

check_PROGRAMS += %D%/fit_unit.t
%C%_fit_unit_t_SOURCES = %D%/fit_unit.c $(fit_bench)

check_PROGRAMS += %D%/gptq.t
%C%_gptq_t_SOURCES = %D%/gptq.c

check_PROGRAMS += %D%/histogram.t
%C%_histogram_t_SOURCES = %D%/histogram.c %D%/observer_bench.h

check_PROGRAMS += %D%/lanes.t
%C%_lanes_t_SOURCES = %D%/lanes.c $(fit_bench)

check_PROGRAMS += %D%/layerwise.t
%C%_layerwise_t_SOURCES = %D%/layerwise.c $(fit_bench)

check_PROGRAMS += %D%/moments.t
%C%_moments_t_SOURCES = %D%/moments.c

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

check_PROGRAMS += %D%/sampling.t
%C%_sampling_t_SOURCES = %D%/sampling.c

check_PROGRAMS += %D%/unit_form.t
%C%_unit_form_t_SOURCES = %D%/unit_form.c tests/pass/bench.c tests/pass/bench.h

check_PROGRAMS += %D%/weight.t
%C%_weight_t_SOURCES = %D%/weight.c $(quant_bench)
