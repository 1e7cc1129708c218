#include "kernel/k_noise_f32.inc"
