# One convenience library per instruction set: each k_*.c is its k_*.inc compiled with the set's own flags.
src_libonnxq_core_la_SOURCES += \
	%D%/codes.h \
	%D%/conv.h \
	%D%/conv_driver.c \
	%D%/conv_driver.h \
	%D%/conv_f32.c \
	%D%/conv_f32.h \
	%D%/conv_int8.c \
	%D%/conv_int8.h \
	%D%/depthwise.h \
	%D%/gemm_f32.c \
	%D%/gemm_f32.h \
	%D%/gemm_int8.c \
	%D%/gemm_int8.h \
	%D%/k_depthwise_f32.inc \
	%D%/k_depthwise_int8.inc \
	%D%/k_gemm_f32.inc \
	%D%/k_gemm_int8.inc \
	%D%/k_linear_f64.inc \
	%D%/k_math_f32.inc \
	%D%/k_observe.inc \
	%D%/k_pointwise_int8.inc \
	%D%/k_noise_f32.inc \
	%D%/k_pooling_f32.inc \
	%D%/k_quantize.inc \
	%D%/k_reduce_f32.inc \
	%D%/kernel.h \
	%D%/kernels.c \
	%D%/linear_f64.h \
	%D%/math_f32.h \
	%D%/observe.h \
	%D%/pointwise_int8.h \
	%D%/noise_f32.h \
	%D%/pooling_f32.h \
	%D%/quantize.h \
	%D%/reduce_f32.h \
	%D%/simd.h \
	%D%/tile.c \
	%D%/tile.h \
	%D%/tile_int8.h \
	%D%/transpose.c \
	%D%/transpose.h \
	%D%/vmath.h

noinst_LTLIBRARIES += %D%/libkernel_base.la
KERNEL_LIBS += %D%/libkernel_base.la
%C%_libkernel_base_la_SOURCES = \
	%D%/k_depthwise_f32_base.c \
	%D%/k_depthwise_int8_base.c \
	%D%/k_gemm_f32_base.c \
	%D%/k_gemm_int8_base.c \
	%D%/k_linear_f64_base.c \
	%D%/k_math_f32_base.c \
	%D%/k_observe_base.c \
	%D%/k_pointwise_int8_base.c \
	%D%/k_noise_f32_base.c \
	%D%/k_pooling_f32_base.c \
	%D%/k_quantize_base.c \
	%D%/k_reduce_f32_base.c
# Vectors are passed between inline functions only; -Wpsabi warns of an ABI that nobody uses.
%C%_libkernel_base_la_CFLAGS = $(AM_CFLAGS) -Wno-psabi

if X86_64
noinst_LTLIBRARIES += %D%/libkernel_avx2.la %D%/libkernel_avx512.la
KERNEL_LIBS += %D%/libkernel_avx2.la %D%/libkernel_avx512.la
%C%_libkernel_avx2_la_SOURCES = \
	%D%/k_depthwise_f32_avx2.c \
	%D%/k_depthwise_int8_avx2.c \
	%D%/k_gemm_f32_avx2.c \
	%D%/k_gemm_int8_avx2.c \
	%D%/k_linear_f64_avx2.c \
	%D%/k_math_f32_avx2.c \
	%D%/k_observe_avx2.c \
	%D%/k_pointwise_int8_avx2.c \
	%D%/k_noise_f32_avx2.c \
	%D%/k_pooling_f32_avx2.c \
	%D%/k_quantize_avx2.c \
	%D%/k_reduce_f32_avx2.c
%C%_libkernel_avx2_la_CFLAGS = $(AM_CFLAGS) $(AVX2_CFLAGS)
%C%_libkernel_avx512_la_SOURCES = \
	%D%/k_depthwise_f32_avx512.c \
	%D%/k_depthwise_int8_avx512.c \
	%D%/k_gemm_f32_avx512.c \
	%D%/k_gemm_int8_avx512.c \
	%D%/k_linear_f64_avx512.c \
	%D%/k_math_f32_avx512.c \
	%D%/k_observe_avx512.c \
	%D%/k_pointwise_int8_avx512.c \
	%D%/k_noise_f32_avx512.c \
	%D%/k_pooling_f32_avx512.c \
	%D%/k_quantize_avx512.c \
	%D%/k_reduce_f32_avx512.c
%C%_libkernel_avx512_la_CFLAGS = $(AM_CFLAGS) $(AVX512_CFLAGS)
endif
