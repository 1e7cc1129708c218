/* host: one operator with inputs made by a test, inferred and run without an executor.
 *
 *     host *h = host_new("Clip", 13, 3, 1);
 *     host_floats(h, 0, (float[]){-1, 2}, DIMS(2));
 *     is_int(host_run(h), OQ_OK, "Clip runs");
 *     host_free(h);
 *
 * Attributes are set with oq_node_set_int(h->node, ...) and its kin. An input that no call set is omitted.
 */
#ifndef OQ_TESTS_OP_HOST_H
#define OQ_TESTS_OP_HOST_H

#include "op/op.h"

#define HOST_MAX 16 /* inputs or outputs */

/* A rank and its dims: DIMS(2, 3); a scalar is SCALAR. */
#define DIMS(...) (const int64_t[]){__VA_ARGS__}, (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))
#define SCALAR    NULL, 0

typedef struct host {
    oq_model *model;
    oq_node *node;
    oq_arena *arena;
    oq_diag diag;
    int n_in, n_out;
    /* run */
    oq_array in[HOST_MAX], out[HOST_MAX];
    const oq_array *in_list[HOST_MAX];
    bool wanted[HOST_MAX];    /* all true at first */
    bool lends_input;         /* in_place() hands out the input's own memory */
    int aliased_to[HOST_MAX]; /* input that output i was aliased to; -1: none */
    oq_pool *pool;            /* NULL: serial */
    size_t memory_limit;      /* an output or scratch above it fails with OQ_LIMIT; 0: none */
    /* infer */
    oq_type in_type[HOST_MAX], out_type[HOST_MAX];
    oq_elems in_elems[HOST_MAX], out_elems;
    const oq_elems *in_elems_list[HOST_MAX];
    bool has_out_elems;
} host;

/* A node of ai.onnx (or of another domain) in a model that imports that opset. Ends the test program when no
 * such operator row exists. */
host *host_new(const char *op_type, int opset, int n_in, int n_out);
host *host_new_in(const char *domain, const char *op_type, int opset, int n_in, int n_out);
void host_free(host *h);

/* Input i for run and infer; the data is copied. */
void host_array(host *h, int i, oq_dtype dtype, const void *data, const int64_t *dims, int rank);
void host_floats(host *h, int i, const float *data, const int64_t *dims, int rank);
/* Rank 1; also the known contents for infer. */
void host_ints(host *h, int i, const int64_t *data, size_t n);
/* Type for infer only; -1 is an unknown size. */
void host_type(host *h, int i, oq_dtype dtype, const int64_t *dims, int rank);
/* The size of dimension `axis` of input i is this symbol (the same text is the same symbol). */
void host_symbol(host *h, int i, int axis, const char *symbol);
/* Contents for infer from text: "N,3,?,5" is rank 1, "7" with rank 0 a scalar. int64. */
void host_elems(host *h, int i, const char *text, int rank);

oq_status host_infer(host *h);
oq_status host_run(host *h); /* prepare and run */

/* Results in words, in static buffers of 4: shapes as "[N,3]", contents as "N,3,?". */
const char *host_out_type(host *h, int i);  /* inferred: "float[N,3]" */
const char *host_out_elems(host *h);        /* inferred contents; "none" */
const char *host_out_shape(host *h, int i); /* of the run: "float[2,3]" */
float host_float(host *h, int i, size_t k); /* element k of output i */
int64_t host_int(host *h, int i, size_t k);

#endif
