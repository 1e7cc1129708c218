/* quant_bench: a small convolution net with a plan whose ranges are set by hand, for tests of placement and
 * of the passes behind it.
 *
 *     x [1,3,8,8] -> Conv(w1, b1) -> Relu "r1" -> MaxPool "p" -> Conv(w2) "c2" -> Add(c2, k) "sum" -> Sigmoid
 * "out"
 */
#ifndef OQ_TESTS_QUANT_BENCH_H
#define OQ_TESTS_QUANT_BENCH_H

#include "pass/bench.h"

typedef struct net {
    bench *b;
    oq_value *x, *w1, *b1, *w2;
    oq_node *conv1, *relu, *pool, *conv2, *add, *sigmoid;
    oq_plan *plan;
} net;

extern const oq_quant_options quant_defaults;

net net_new(void);
void net_free(net *n);
/* Place, give every value that wants a range lo..hi, resolve. */
void net_plan(net *n, const oq_quant_options *options, float lo, float hi);
/* The quantization passes up to and including `last`. */
void net_quantize(net *n, oq_pass_fn *last);
bool net_reads_quantized(const net *n, const oq_node *node, int input);

#endif
