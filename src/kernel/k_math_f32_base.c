#include "kernel/k_math_f32.inc"
