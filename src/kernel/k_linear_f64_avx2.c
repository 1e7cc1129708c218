#include "kernel/k_linear_f64.inc"
