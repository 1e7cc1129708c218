/* exec: a graph compiled to a program and run.
 *
 * oq_program: immutable, shared by all workers. oq_runner: one worker's state (its arena of activations).
 * Samples are run one at a time (batch as fed); parallel work is one runner per worker. Values are freed
 * after their last reader (lifetimes are computed at compile time); memory is recycled from sample to sample.
 *
 * Results do not depend on threads or instruction set: see kernel/kernel.h.
 */
#ifndef OQ_EXEC_EXEC_H
#define OQ_EXEC_EXEC_H

#include "op/op.h"

/* Live tensors of all runners together, above which samples are better run one after another with threads
 * inside the operators: nearly as fast on an idle machine, and it keeps a conversion small. */
#define OQ_PARALLEL_MEMORY ((size_t)64 << 20)

typedef enum oq_exec_mode {
    OQ_EXEC_FLOAT,   /* every node as ONNX defines it; QuantizeLinear, DequantizeLinear and FakeQuant as float
                        nodes */
    OQ_EXEC_INTEGER, /* DQ - op - Q units (ir: exec/integer.h) in exact integer arithmetic, the rest as FLOAT
                      */
} oq_exec_mode;

/* Which values somebody looks at: hooks, oq_runner_value, keep and replace. Between two values nobody looks
 * at, steps may be merged; the value in the middle then never exists. */
typedef enum oq_watch {
    OQ_WATCH_ALL,  /* any */
    OQ_WATCH_SOME, /* those of `watched`, the results and graph inputs */
    OQ_WATCH_NONE, /* the results only */
} oq_watch;

typedef struct oq_exec_options {
    oq_exec_mode mode;
    size_t memory_limit; /* bytes of activations one runner may hold; 0: 8 GiB */
    /* Compute these values (and what they need) instead of the graph outputs; NULL: the outputs. What cannot
     * be run but is not needed for them is no obstacle. Borrowed during compilation. */
    const oq_value *const *targets;
    size_t n_targets;
    oq_watch watch;
    const bool *watched; /* SOME: by value id. Borrowed during compilation. Hooks see no others */
    /* Hooks do not care in which order elements lie (a minimum, a histogram): they get the array as it is,
     * perhaps channels-last with dims [N, spatial..., C], and nothing is converted for them. */
    bool hook_any_order;
    /* By node id: nodes whose constants may still be replaced by others of the same type and shape
     * (oq_value_set_constant) until oq_program_prepare_step(), which must come before their first run. NULL:
     * none. Borrowed during compilation. */
    const bool *deferred;
} oq_exec_options;

typedef struct oq_program oq_program;
typedef struct oq_runner oq_runner;

/* Compile graph (and its subgraphs). The model must stay unchanged while the program lives.
 * OQ_UNSUPPORTED names the first node that cannot run and why. */
oq_status oq_program_compile(oq_graph *graph, const oq_exec_options *options, oq_program **out,
                             oq_diag *diag);
void oq_program_free(oq_program *program);
/* Could this node run? Reason in words when not (NULL when it can). */
const char *oq_exec_obstacle(const oq_node *node);
/* By value id (model->n_values of them): can this value of the main graph be computed, that is, its node and
 * everything in front of it? */
void oq_exec_computable(const oq_graph *graph, bool *computable);
/* Number of steps; the node behind step i (for an integer unit: its compute node). */
size_t oq_program_n_steps(const oq_program *program);
const oq_node *oq_program_node(const oq_program *program, size_t step);
/* True if step i computes in integers (mode INTEGER only). */
bool oq_program_is_integer(const oq_program *program, size_t step);

/* Was the node behind step i left to be prepared later? */
bool oq_program_is_deferred(const oq_program *program, size_t step);
/* Prepare a deferred step; no runner may be running. */
oq_status oq_program_prepare_step(oq_program *program, size_t step, oq_diag *diag);

/* pool: used inside operators (NULL when samples are what runs in parallel). Borrowed. */
oq_status oq_runner_new(const oq_program *program, oq_pool *pool, oq_runner **out, oq_diag *diag);
void oq_runner_free(oq_runner *runner);
/* Take memory from the other runner's heap from now on: for runners stepped in turn by one thread, which then
 * need scratch memory and recycled blocks once. Before the first run; `with` must be freed last. */
void oq_runner_share_memory(oq_runner *runner, oq_runner *with);

/* Shown after each step, while the tensor is in cache; also once per graph input before step 0, with node
 * NULL. Any other status than OQ_OK stops the run. */
typedef oq_status oq_hook(void *arg, const oq_node *node, const oq_value *value, const oq_array *array);

/* Run one sample. feeds: one array per graph->inputs[i], borrowed until the next begin; dtype and rank must
 * fit. hook may be NULL. */
oq_status oq_runner_run(oq_runner *runner, const oq_array *feeds, oq_hook *hook, void *hook_arg,
                        oq_diag *diag);
/* Result of graph output i; valid until the next run of this runner. NULL before the first. */
const oq_array *oq_runner_output(const oq_runner *runner, int i);

/* ---- stepping: the same run, one step at a time, with live values kept by the caller's wish */
oq_status oq_runner_begin(oq_runner *runner, const oq_array *feeds, oq_diag *diag);
oq_status oq_runner_step(oq_runner *runner, size_t step, oq_diag *diag);
/* The live array of a value; NULL when it is not (yet, or no longer) live. */
const oq_array *oq_runner_value(const oq_runner *runner, const oq_value *value);
/* The live array of a value as it lies, without a copy: *is_last says that its dims are [N, spatial..., C].
 * NULL: it is not live. Right after the step that made it its elements may be changed in place. */
const oq_array *oq_runner_live(oq_runner *runner, const oq_value *value, bool *is_last);
/* Hold value beyond its last reader until released. */
oq_status oq_runner_keep(oq_runner *runner, const oq_value *value);
void oq_runner_release(oq_runner *runner, const oq_value *value);
/* Replace the live array of value by a copy of array (same dtype and shape): two-stream correction. */
oq_status oq_runner_replace(oq_runner *runner, const oq_value *value, const oq_array *array, oq_diag *diag);

/* Largest number of bytes the runner held at once. */
size_t oq_runner_peak(const oq_runner *runner);

/* ---- one node by itself: fold_constants and tests. inputs: one array per node input (NULL: omitted).
 * Outputs are new tensors in arena. OQ_LIMIT when an output would exceed max_bytes. */
oq_status oq_exec_node(const oq_node *node, const oq_array *const *inputs, oq_arena *arena, size_t max_bytes,
                       oq_tensor **outputs, oq_diag *diag);

/* Array over a tensor's bytes (copied into arena only if unaligned). False: out of memory or rank too high.
 */
bool oq_array_of_tensor(const oq_tensor *tensor, oq_arena *arena, oq_array *out);

#endif
