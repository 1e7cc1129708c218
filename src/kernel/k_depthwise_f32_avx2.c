#include "kernel/k_depthwise_f32.inc"
