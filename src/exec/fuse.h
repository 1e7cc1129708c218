/* fuse: steps merged where nobody looks at the value in between. Bits do not change. */
#ifndef OQ_EXEC_FUSE_H
#define OQ_EXEC_FUSE_H

#include "exec/compile.h"

/* What the patterns work with. */
typedef struct oq_fuser {
    oq_compiler *c;
    oq_sequence *sequence;
    int *n_reads;  /* by value id: readings by the steps, by bodies and as a result */
    int *producer; /* by value id: the step that gives it, or -1 */
    bool *is_gone; /* by step: merged into another one */
} oq_fuser;

/* Merge steps of sequence (the main graph's), before layouts are chosen. */
oq_status oq_fuse(oq_compiler *c, oq_sequence *sequence);

/* ---- for patterns (fuse_*.c): a pattern looks at step i and merges it with the steps in front of it, or
 * leaves it alone. Patterns of a longer chain see what was merged before. */
typedef oq_status oq_fuse_fn(oq_fuser *f, size_t i);

/* Are both known to have one shape and type? */
bool oq_fuse_same_shape(const oq_value *a, const oq_value *b);
/* The step that gives input k of step i, when that value may vanish: nobody watches it and this is its only
 * reader. NULL otherwise. */
oq_step *oq_fuse_source(const oq_fuser *f, size_t i, int k);
/* Take step i out: `into` gives its output from now on. */
void oq_fuse_take_output(oq_fuser *f, size_t i, oq_step *into);
/* Let step i run in the place of `with`, which is taken out: for a step that must wait for more inputs. */
void oq_fuse_move(oq_fuser *f, oq_step *with, size_t i);

/* Put value behind the inputs of step (as many as the operator may have) as the residual of its epilogue, and
 * let it run in the place of step i, the Add. */
oq_status oq_fuse_addend(oq_fuser *f, oq_step *step, oq_value *value, size_t i);
/* May step take an epilogue with an addend? */
bool oq_fuse_takes_addend(const oq_step *step);
/* Of two shapes: this dimension is the same, by size or by symbol. */
bool oq_same_dim(const oq_dim *a, const oq_dim *b);

/* ---- patterns */
oq_fuse_fn oq_fuse_matmul_bias, oq_fuse_matmul_transposes; /* fuse_matmul.c */
oq_status oq_fuse_rows(oq_fuser *f);                       /* fuse_rows.c: over the whole sequence */
oq_fuse_fn oq_fuse_codes;                                  /* fuse_codes.c */
oq_fuse_fn oq_fuse_swish;                                  /* fuse_swish.c */

#endif
