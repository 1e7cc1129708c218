#include "kernel/k_reduce_f32.inc"
