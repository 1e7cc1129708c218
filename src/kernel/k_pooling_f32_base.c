#include "kernel/k_pooling_f32.inc"
