#include "kernel/k_pointwise_int8.inc"
