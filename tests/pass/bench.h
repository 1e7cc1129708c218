/* bench: a small model built by a test, and passes run over it. Every pass run is followed by the validator.
 */
#ifndef OQ_TESTS_PASS_BENCH_H
#define OQ_TESTS_PASS_BENCH_H

#include "pass/pass.h"
#include "tap/tap.h"

typedef struct bench {
    oq_model *model;
    oq_graph *graph; /* where nodes are added: the main graph at first */
    oq_pass_ctx ctx;
    oq_diag diag;
    oq_buf notes, dump;
} bench;

bench *bench_new(int64_t opset);
bench *bench_load(const char *path); /* from an ONNX file; NULL when it cannot be read */
void bench_free(bench *b);
#define DIMS(...) (int64_t[]){__VA_ARGS__}, (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))
/* -1 in dims: unknown. */
oq_value *bench_input(bench *b, const char *name, oq_dtype dtype, const int64_t *dims, int rank);
oq_value *bench_floats(bench *b, const char *name, const float *values, const int64_t *dims, int rank);
/* Seeded values in -1..1, or from..to. */
oq_value *bench_random(bench *b, const char *name, const int64_t *dims, int rank);
oq_value *bench_random_in(bench *b, const char *name, float from, float to, const int64_t *dims, int rank);
oq_value *bench_scalar(bench *b, const char *name, float value);
oq_value *bench_ints(bench *b, const char *name, const int64_t *values, size_t n);
/* n inputs follow (NULL: omitted); one output, named. */
oq_node *bench_node(bench *b, const char *op_type, const char *output, int n, ...);
oq_node *bench_node_outputs(bench *b, const char *op_type, int n_outputs, int n, ...);
void bench_output(bench *b, oq_value *value);
/* Begin a subgraph of node in attribute attr_name; nodes are added to it until bench_leave. */
oq_graph *bench_enter(bench *b, oq_node *node, const char *attr_name);
void bench_leave(bench *b);

/* Run one pass and the validator; returns the number of changes. A fault is a failed check. */
size_t bench_run(bench *b, oq_pass_fn *pass);
/* Nodes of that type in all graphs of the model; NULL: all nodes. */
int bench_count(const bench *b, const char *op_type);
oq_node *bench_find(const bench *b, const char *op_type); /* first in the main graph, or NULL */
const char *bench_text(bench *b);                         /* the dump; until the next call */

/* Outputs of the model on seeded inputs (unknown sizes are 2). NULL when the executor cannot run it: the
 * reason is a diagnostic line. */
typedef struct bench_numbers bench_numbers;
bench_numbers *bench_compute(bench *b);
/* Compute again and compare: relative to the largest number of each output; tolerance 0 means the same bits.
 * One check, a SKIP when before is NULL. Frees before. */
void bench_same(bench *b, bench_numbers *before, double tolerance, const char *name);

#endif
