/* layout_role: how one step could run channels-last, and what each layout would cost it. */
#ifndef OQ_EXEC_LAYOUT_ROLE_H
#define OQ_EXEC_LAYOUT_ROLE_H

#include "exec/compile.h"

typedef struct oq_layout_role {
    bool can; /* run channels-last at all; what follows is of meaning then */
    int rank; /* of its channels-last arrays */
    const oq_op *op;
    const oq_node *view; /* the node with its axes mapped; NULL: as it is */
    uint64_t linked;     /* inputs (bits) that must be channels-last */
    uint64_t fitted;     /* constant inputs to be permuted, after leading 1s to `rank` */
    bool gives;          /* outputs are channels-last; false: they are plain whatever the inputs are */
    bool either_in,
        either_out; /* input 0, output 0 may be of the other layout, at the price of a conversion */
    int64_t plain_cost, last_cost; /* bytes moved more than necessary when run in that layout */
} oq_layout_role;

/* Rank of a value as far as known: -1 unknown. */
typedef struct oq_layout_ranks {
    const oq_compiler *c;
    int8_t *by_id;
} oq_layout_ranks;

/* The rank of value; constants included. */
int oq_layout_rank(const oq_layout_ranks *ranks, const oq_value *value);
/* Where dimension `axis` lies in a channels-last array. */
int oq_axis_to_last(int axis, int rank);
/* Bytes a conversion of value moves; 0 when both layouts are the same bytes. A guess where dims are unknown.
 */
int64_t oq_layout_bytes(const oq_value *value);

/* Find the role of step. OQ_NOMEM. */
oq_status oq_layout_role_of(oq_compiler *c, const oq_layout_ranks *ranks, const oq_step *step,
                            oq_layout_role *out);

/* ---- layout_axis.c: operators with axes. role->rank and op are set; false: not channels-last. */
oq_status oq_layout_axis_role(oq_compiler *c, const oq_step *step, oq_layout_role *role);

#endif
