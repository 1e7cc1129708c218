#include "kernel/k_quantize.inc"
