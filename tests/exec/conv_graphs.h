/* conv_graphs: random graphs of convolutions, for the tests of layouts and merged steps. */
#ifndef OQ_TESTS_EXEC_CONV_GRAPHS_H
#define OQ_TESTS_EXEC_CONV_GRAPHS_H

#include "base/rng.h"
#include "exec/exec.h"

typedef struct net {
    oq_model *model;
    oq_graph *graph;
    oq_rng rng;
    bool is_dynamic; /* the sizes of the input are not declared */
    oq_array feed;
    oq_arena *arena;
} net;

/* An input [batch, channels, spatial...] of random numbers. */
net net_new(uint64_t seed, const int64_t *dims, int rank, bool is_dynamic);
void net_free(net *n);
/* A constant of random numbers in -1..1. */
oq_value *net_constant(net *n, const int64_t *dims, int rank);
/* A node of up to 3 inputs (NULL: none); output 0. */
oq_node *net_node(net *n, const char *op_type, oq_value *a, oq_value *b, oq_value *c);
/* Conv of an odd kernel that keeps sizes (stride 1) or halves them (stride 2). */
oq_value *net_conv(net *n, oq_value *x, int64_t from, int64_t to, int kernel, int stride, int64_t group,
                   int rank);
oq_value *net_input(const net *n);
/* Random blocks: residual, squeeze and excite, concat, upsample, pools, PRelu, transposes there and back. */
void net_random(net *n, int rank, int64_t channels);
/* Make it a result, and infer shapes. */
void net_finish(net *n, oq_value *output);
/* Every value by one-node runs, in plain layout: an array by value id. */
oq_array *net_reference(net *n);

#endif
