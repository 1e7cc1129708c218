# tests of src/kernel; each runs every instruction set this processor has
check_PROGRAMS += \
	%D%/conv_f32.t \
	%D%/conv_int8.t \
	%D%/gemm_f32.t \
	%D%/gemm_int8.t \
	%D%/kernels.t \
	%D%/linear_f64.t \
	%D%/math_f32.t \
	%D%/observe.t \
	%D%/pointwise_int8.t \
	%D%/noise_f32.t \
	%D%/pooling_f32.t \
	%D%/quantize.t \
	%D%/reduce_f32.t \
	%D%/tile.t \
	%D%/transpose.t
%C%_conv_f32_t_SOURCES = %D%/conv_f32.c %D%/kernel_test.h
%C%_gemm_f32_t_SOURCES = %D%/gemm_f32.c %D%/kernel_test.h
%C%_conv_int8_t_SOURCES = %D%/conv_int8.c %D%/kernel_test.h
%C%_gemm_int8_t_SOURCES = %D%/gemm_int8.c %D%/kernel_test.h
%C%_kernels_t_SOURCES = %D%/kernels.c %D%/kernel_test.h
%C%_linear_f64_t_SOURCES = %D%/linear_f64.c %D%/kernel_test.h
%C%_noise_f32_t_SOURCES = %D%/noise_f32.c %D%/kernel_test.h
%C%_math_f32_t_SOURCES = %D%/math_f32.c %D%/kernel_test.h
%C%_observe_t_SOURCES = %D%/observe.c %D%/kernel_test.h
%C%_pointwise_int8_t_SOURCES = %D%/pointwise_int8.c %D%/kernel_test.h
%C%_pooling_f32_t_SOURCES = %D%/pooling_f32.c %D%/kernel_test.h
%C%_quantize_t_SOURCES = %D%/quantize.c %D%/kernel_test.h
%C%_reduce_f32_t_SOURCES = %D%/reduce_f32.c %D%/kernel_test.h
%C%_tile_t_SOURCES = %D%/tile.c %D%/kernel_test.h
%C%_transpose_t_SOURCES = %D%/transpose.c %D%/kernel_test.h

EXTRA_PROGRAMS += %D%/bench_kernels
%C%_bench_kernels_SOURCES = %D%/bench_kernels.c
.PHONY: bench-kernels
bench-kernels: %D%/bench_kernels$(EXEEXT)
	%D%/bench_kernels$(EXEEXT)
