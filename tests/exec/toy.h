/* toy: operators and graphs for the tests of exec, so that they depend on no operator family. */
#ifndef OQ_TESTS_EXEC_TOY_H
#define OQ_TESTS_EXEC_TOY_H

#include "exec/exec.h"

extern const oq_op toy_twice;   /* 2 x, in place when it may */
extern const oq_op toy_sum;     /* a + b, same shape; fresh memory and one scratch block */
extern const oq_op toy_flat;    /* x as one row: shares its bytes */
extern const oq_op toy_scale;   /* x * w[0], w a constant that prepare packs */
extern const oq_op toy_pair;    /* two outputs: x and -x */
extern const oq_op toy_less;    /* a[0] < b[0], a bool */
extern const oq_op toy_refused; /* prepare says OQ_UNSUPPORTED */

oq_model *toy_model(void);
oq_value *toy_input(oq_graph *graph, const char *name, int64_t n); /* float[n], a graph input */
oq_value *toy_constant(oq_graph *graph, const char *name, const float *values, int64_t n);
/* A node that runs op. b: NULL for one input. Returns output 0. */
oq_value *toy_node(oq_graph *graph, const oq_op *op, oq_value *a, oq_value *b);
oq_array toy_array(float *values, int64_t n);

#endif
