/* einsum: the equation of Einsum: which label each dimension of each operand has.
 *
 *     "bij, bjk -> bik"    letters, spaces anywhere; "..." stands for dimensions that have no letter, aligned
 * at their right ends and broadcast; a letter twice in one operand is its diagonal; without "->" the result
 * has the dimensions of "..." and then, in the order of the alphabet (capitals first), the letters that occur
 * once
 */
#ifndef OQ_OP_EINSUM_H
#define OQ_OP_EINSUM_H

#include "op/op.h"

#define OQ_EINSUM_MAX_TERMS 32
#define OQ_EINSUM_LABELS    (52 + OQ_MAX_RANK) /* letters, then the dimensions of "...", the last one first */

typedef struct oq_einsum_term {
    int rank;
    int labels[OQ_MAX_RANK];
} oq_einsum_term;

typedef struct oq_einsum {
    int n_terms;
    oq_einsum_term terms[OQ_EINSUM_MAX_TERMS];
    oq_einsum_term result;
} oq_einsum;

/* Read the equation for operands of these ranks; OQ_SHAPE says what does not fit. */
oq_status oq_einsum_read(const oq_node *node, const int *ranks, int n, oq_einsum *out, oq_diag *diag);

#endif
