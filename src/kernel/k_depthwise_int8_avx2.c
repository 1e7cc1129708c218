#include "kernel/k_depthwise_int8.inc"
