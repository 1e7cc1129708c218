#include "kernel/k_gemm_f32.inc"
