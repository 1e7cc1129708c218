/* program: the inside of exec. A program is a sequence of steps per graph; a slot is the place of one value's
 * array in a runner, numbered by value id, so a subgraph reads the values around it where they are.
 */
#ifndef OQ_EXEC_PROGRAM_H
#define OQ_EXEC_PROGRAM_H

#include "exec/exec.h"
#include "exec/memory.h"

typedef struct oq_sequence oq_sequence;

/* Places behind the last input and output of a node, empty and unwanted: an operator that looks at an
 * optional one the node does not have finds nothing there. No operator has more optional inputs or outputs.
 */
enum { OQ_SPARE_PLACES = 8 };

/* One operator ready to run. Immutable. */
typedef struct oq_step {
    const oq_node *node;
    const oq_node *view; /* the node as the operator sees it: axes mapped to a layout; NULL: as it is */
    const oq_node *last; /* of merged steps: the node that gives the outputs; NULL: node */
    const oq_epilogue *epilogue; /* what was merged into this step; NULL: nothing */
    const oq_op *op;             /* the row that runs: node->op, or that of an integer unit */
    const void *state;           /* from prepare, or the unit; set by fuse: prepared already */
    uint32_t consumed;           /* inputs whose constant was packed */
    int n_in, n_out;
    oq_value *const *in;  /* NULL: omitted */
    oq_value *const *out; /* NULL: omitted */
    bool *wanted;         /* n_out */
    uint64_t dying;       /* bit i: input i has its last reader here (and is read once by this step) */
    oq_value **release;   /* values that are dead after this step */
    int n_release;
    oq_sequence **bodies;       /* If: then, else; Loop and Scan: body. NULL: no control operator */
    uint32_t last_in, last_out; /* channels-last inputs and outputs, for op (see oq_run) */
    bool is_integer;
    bool is_internal; /* a conversion between layouts: no node of the graph */
    bool is_deferred; /* prepared by oq_program_prepare_step */
} oq_step;

/* The steps of one graph, in order. */
struct oq_sequence {
    oq_graph *graph;
    oq_step *steps;
    size_t n_steps;
};

typedef struct oq_bound_constant {
    const oq_value *value;
    oq_array array;
} oq_bound_constant;

struct oq_program {
    oq_arena *arena; /* everything below */
    oq_graph *graph;
    oq_exec_options options;
    int n_values; /* of the model; ids from here on are values of the program alone */
    int n_slots;
    oq_value **twins;   /* by id of a value: its channels-last twin; NULL: none. NULL: none at all */
    oq_value **origins; /* by id of a twin - n_values: its value; NULL: no twin (a constant) */
    const bool *shown;  /* by id of a value: hooks see it; NULL: all */
    oq_sequence *main;
    oq_bound_constant *constants;
    size_t n_constants;
    int max_in, max_out; /* of any step */
};

/* Place of one value's array. */
typedef struct oq_slot {
    oq_array array;
    oq_block *block; /* NULL: constant, or borrowed from the caller */
    bool is_live;
    bool is_constant; /* bound once, never released */
    bool is_kept;     /* oq_runner_keep: survives its last reader */
    bool is_over;     /* its last reader has run: release ends a keep for good */
    bool is_copy;     /* of its channels-last twin, made on demand; it goes when the twin goes */
} oq_slot;

struct oq_runner {
    const oq_program *program;
    oq_pool *pool;
    oq_heap *heap; /* own_heap, or that of the runner it shares memory with */
    oq_heap own_heap;
    oq_slot *slots;       /* n_slots */
    const oq_array **in;  /* max_in: scratch for the running step */
    oq_array *out;        /* max_out */
    oq_block **out_block; /* max_out */
    oq_slot **step_slots; /* max_in + max_out */
    oq_block *texts;      /* bytes of strings made in this run */
    oq_hook *hook;        /* of oq_runner_run */
    void *hook_arg;
    struct oq_step_time *times; /* by step of main; NULL: not measured */
};

/* ---- memplan.c */
/* Fill wanted, dying and release of every step. needed: by value id, true where someone reads the value. */
oq_status oq_plan_lifetimes(oq_sequence *sequence, const bool *needed, bool *scratch, oq_arena *arena);

/* ---- run.c */
oq_status oq_run_sequence(oq_runner *runner, const oq_sequence *sequence, oq_diag *diag);
/* One operator over given slots; shared with oq_exec_node. in and out: n_in and n_out slots, NULL: omitted.
 */
oq_status oq_run_step(oq_runner *runner, const oq_step *step, oq_slot *const *in, oq_slot *const *out,
                      oq_diag *diag);
void oq_slot_clear(oq_runner *runner, oq_slot *slot);
/* The bytes of the strings that the steps made. */
void oq_drop_texts(oq_runner *runner);
/* to becomes another reading of from (same bytes, one more reference). */
void oq_slot_share(oq_runner *runner, oq_slot *to, const oq_slot *from);
/* Fresh memory for slot. OQ_LIMIT names the step. */
oq_status oq_slot_alloc(oq_runner *runner, oq_slot *slot, oq_dtype dtype, const int64_t *dims, int rank,
                        const oq_node *node, oq_diag *diag);

/* ---- control.c */
oq_status oq_run_control(oq_runner *runner, const oq_step *step, oq_diag *diag);
oq_status oq_run_sequence_map(oq_runner *runner, const oq_step *step, oq_diag *diag); /* sequence_map.c */
/* Attribute names of the bodies of a control operator, NULL-terminated; NULL: not one. */
const char *const *oq_control_bodies(const oq_node *node);
/* Reason why this control node cannot run; NULL: it can. */
const char *oq_control_obstacle(const oq_node *node);

/* ---- array helpers */
/* Fill everything but data from dtype and dims; false on overflow, rank or unknown type. */
bool oq_array_shape(oq_array *array, oq_dtype dtype, const int64_t *dims, int rank);

#endif
