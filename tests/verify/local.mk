# tests of src/verify
check_PROGRAMS += %D%/metrics.t
%C%_metrics_t_SOURCES = %D%/metrics.c

check_PROGRAMS += %D%/verify.t
%C%_verify_t_SOURCES = %D%/verify.c $(quant_bench)
