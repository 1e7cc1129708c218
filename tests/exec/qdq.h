/* qdq: small QDQ graphs, run both ways. */
#ifndef OQ_TESTS_EXEC_QDQ_H
#define OQ_TESTS_EXEC_QDQ_H

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "exec/exec.h"

/* A QDQ graph under construction. */
typedef struct sketch {
    oq_model *model;
    oq_graph *graph;
    oq_rng rng;
    oq_dtype dtype; /* of activations */
} sketch;

typedef struct both {
    oq_program *program[2];
    oq_runner *runner[2];
    size_t n_units;
    const oq_array *got[2]; /* float run, integer run */
} both;

extern _Alignas(64) float samples[2][4096]; /* what run_both fed */

sketch begin(oq_dtype dtype);
oq_value *constant(sketch *s, oq_tensor *tensor);
oq_value *node(sketch *s, const char *op, oq_value *a, oq_value *b, oq_value *c);
oq_value *quantize(sketch *s, oq_value *x, float scale, int64_t zero_point);
oq_value *dequantize(sketch *s, oq_value *codes);
int64_t zero_of(const sketch *s, int64_t unsigned_zero);
oq_value *input(sketch *s, const int64_t *dims, int rank, float scale, int64_t zero_point);
oq_value *weight(sketch *s, const int64_t *dims, int rank, int axis);
oq_value *bias(sketch *s, const oq_value *w, float x_scale);
void run_both(sketch *s, oq_value *output, both *b);
void end(sketch *s, both *b);
void codes_agree(const both *b, const char *what);

/* The op under test on inputs that are read through pairs; gives its float output. */
typedef oq_value *op_builder(sketch *s, oq_value *const *in, const void *arg);

/* Between two Convs, where it runs channels-last, and by itself, on plain arrays: the same codes from the
 * same codes, unsigned and signed. n_inputs (1 or 2) of shape dims; the output
 * has channels_out. */
void same_in_both_layouts(op_builder *build, const void *arg, const char *op, const int64_t dims[4],
                          int64_t channels_out, int n_inputs, const char *what);

#endif
