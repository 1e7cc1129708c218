#include "kernel/k_gemm_int8.inc"
