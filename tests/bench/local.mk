# Not tests: what scripts/bench runs. Built on demand: make tests/bench/bench_model tests/bench/bench_peak
EXTRA_PROGRAMS += %D%/bench_model %D%/bench_peak
%C%_bench_model_SOURCES = %D%/bench_model.c
%C%_bench_model_LDADD = src/libonnxq_core.la
%C%_bench_peak_SOURCES = %D%/bench_peak.c
%C%_bench_peak_LDADD = src/libonnxq_core.la
