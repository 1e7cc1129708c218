/* layout_cut: a minimum cut of a small network, for choosing between two layouts. */
#ifndef OQ_EXEC_LAYOUT_CUT_H
#define OQ_EXEC_LAYOUT_CUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

#define OQ_CUT_NEVER (INT64_MAX / 4) /* capacity of an edge that may not be cut */

enum { OQ_CUT_SOURCE = 0, OQ_CUT_SINK = 1 };

typedef struct oq_cut_edge {
    int to;
    int next;     /* of the same node; -1: none. The reverse of edge e is e ^ 1 */
    int64_t left; /* capacity not used yet */
} oq_cut_edge;

typedef struct oq_cut {
    oq_arena *arena;
    int n_nodes, cap_nodes; /* source and sink are there from the start */
    int n_edges, cap_edges;
    int *first; /* by node: an edge; -1: none */
    oq_cut_edge *edges;
    int *path;  /* by node: the edge it was reached by; -1: not reached */
    int *queue; /* by node */
} oq_cut;

/* False: out of memory, also of the functions below. */
bool oq_cut_init(oq_cut *cut, oq_arena *arena, int cap_nodes, int cap_edges);
/* A node, or an edge (both directions of a flow cost what is given): the caller keeps to the numbers above.
 */
int oq_cut_node(oq_cut *cut);
/* It costs `cost` when `from` is on the source's side and `to` on the sink's. */
void oq_cut_edge_add(oq_cut *cut, int from, int to, int64_t cost);
/* Find the cheapest cut. Afterwards oq_cut_is_source() tells each node's side: of several cheapest cuts the
 * one with the fewest nodes on the source's side. */
void oq_cut_solve(oq_cut *cut);
bool oq_cut_is_source(const oq_cut *cut, int node);

#endif
