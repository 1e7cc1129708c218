#include "kernel/k_observe.inc"
