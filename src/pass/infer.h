/* infer: the engine behind infer_shapes; fold_constants asks it again for contents. */
#ifndef OQ_PASS_INFER_H
#define OQ_PASS_INFER_H

#include "pass/pass.h"

typedef struct oq_inferrer {
    oq_pass_ctx *ctx;
    const oq_elems **contents; /* by value id: what is known of small integer tensors; NULL: nothing */
    size_t n_values;           /* ids in contents */
    oq_type *in, *out;         /* of the node at hand */
    const oq_elems **in_elems;
    int n_slots;         /* entries of in, out and in_elems */
    oq_elems *out_elems; /* of the node at hand */
} oq_inferrer;

/* Walk graph and its subgraphs in order: set the types of all values that can be told, collect contents. All
 * memory is in ctx->arena. ctx->changed counts the values whose type became better known. OQ_SHAPE when a
 * node whose inputs are all known contradicts them. */
oq_status oq_infer_graph(oq_graph *graph, oq_pass_ctx *ctx, oq_inferrer *s);

/* For infer_control.c. */
oq_status oq_infer_nodes(oq_inferrer *s, oq_graph *graph);
/* Merge what was found for value into it. */
void oq_infer_apply(oq_inferrer *s, oq_value *value, const oq_type *found);
/* If, Loop, Scan and any other node with subgraphs: infer inside, then the outputs. */
oq_status oq_infer_control(oq_inferrer *s, oq_node *node);

#endif
