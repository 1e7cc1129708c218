/* compile: what the stages of a compilation share: program.c, fuse.c and layout.c. */
#ifndef OQ_EXEC_COMPILE_H
#define OQ_EXEC_COMPILE_H

#include "exec/integer.h"
#include "exec/program.h"

typedef struct oq_compiler {
    oq_program *program;
    oq_arena *arena;   /* of the program */
    oq_arena *scratch; /* dies when the compilation is over */
    /* Tables by value id, n_values of them; oq_compiler_value() lets them grow. */
    bool *needed;            /* read by a live step, or an output of its graph */
    bool *bound;             /* among the program's constants */
    const oq_tensor **known; /* contents computed here; NULL where value->constant tells, or nothing */
    int n_values;
    oq_units *units; /* integer units; NULL in mode FLOAT */
    size_t cap_constants;
    oq_diag *diag;
} oq_compiler;

/* Contents of value for every run; NULL: they change. An overridable initializer is its default only. */
const oq_tensor *oq_contents(const oq_compiler *c, const oq_value *value);
/* Contents nobody can replace; NULL: none such. */
const oq_tensor *oq_fixed_contents(const oq_compiler *c, const oq_value *value);
/* Does somebody look at value (of the main graph) while the program runs? */
bool oq_is_watched(const oq_compiler *c, const oq_value *value);
/* A value of the program alone, with a slot of its own: like `like` in name and type. NULL: out of memory. */
oq_value *oq_compiler_value(oq_compiler *c, const oq_value *like);

#endif
