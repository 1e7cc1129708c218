/* chain: small graphs of real operators, run merged and unmerged. */
#ifndef OQ_TESTS_EXEC_CHAIN_H
#define OQ_TESTS_EXEC_CHAIN_H

#include "exec/exec.h"

#define SHAPE(...) (const int64_t[]){__VA_ARGS__}, (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

oq_model *chain_model(void);
/* A graph input, filled with numbers of both signs when it runs. */
oq_value *chain_input(oq_model *model, const char *name, const int64_t *dims, int rank);
oq_value *chain_constant(oq_model *model, const char *name, const int64_t *dims, int rank, float first);
/* A node of the newest opset in use; b, c: NULL for none. Its result has those dims. */
oq_value *chain_op(oq_model *model, const char *op, oq_value *a, oq_value *b, oq_value *c,
                   const int64_t *dims, int rank);
void chain_set_axis(oq_value *result, int64_t axis); /* of the node that gives it */
void chain_set_ints(oq_value *result, const char *name, const int64_t *values, size_t n);

/* Steps that are left when nobody watches but who is in `watched` (by value id, or NULL). */
size_t chain_steps(oq_model *model, const bool *watched);
/* Are the outputs the same bits with steps merged and single, with one thread and with three? Frees model. */
bool chain_agrees(oq_model *model, const bool *watched);

#endif
