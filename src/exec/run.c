/* run: one worker's run of a program. Slots hold the live arrays; an array's block goes back to the heap with
 * its last reference, and the next array of its size takes it.
 */
#include <stdlib.h>
#include <string.h>

#include "exec/layout.h"
#include "exec/profile.h"
#include "exec/program.h"
#include "exec/step_work.h"
#include "ir/print.h"

/* ---- slots */

void oq_slot_clear(oq_runner *runner, oq_slot *slot)
{
    if (slot->is_constant)
        return;
    oq_block_drop(runner->heap, slot->block);
    slot->block = NULL;
    slot->is_live = false;
    slot->is_copy = false;
}

void oq_slot_share(oq_runner *runner, oq_slot *to, const oq_slot *from)
{
    oq_block *block = oq_block_share(from->block);
    oq_array array = from->array;

    oq_slot_clear(runner, to);
    to->array = array;
    to->array.is_constant = false;
    to->block = block;
    to->is_live = true;
    to->is_over = false;
}

/* Memory for array, whose shape is set. NULL: over budget, recorded in diag and *status. */
static oq_block *take(oq_heap *heap, oq_array *array, const oq_node *node, oq_status *status, oq_diag *diag)
{
    oq_block *block = oq_block_take(heap, array->size);
    char where[256];

    if (!block) {
        *status = oq_diag_set(diag, OQ_LIMIT, __FILE__, __LINE__,
                              "%s: no memory for %zu more bytes (%zu in use, limit %zu)",
                              node ? oq_node_text(node, where, sizeof where) : "graph input", array->size,
                              heap->held, heap->limit);
        return NULL;
    }
    array->data = oq_block_data(block);
    return block;
}

oq_status oq_slot_alloc(oq_runner *runner, oq_slot *slot, oq_dtype dtype, const int64_t *dims, int rank,
                        const oq_node *node, oq_diag *diag)
{
    oq_status status = OQ_OK;
    oq_array array;
    oq_block *block;

    if (!oq_array_shape(&array, dtype, dims, rank))
        OQ_FAIL(diag, OQ_LIMIT, "an array of rank %d is too big", rank);
    block = take(runner->heap, &array, node, &status, diag);
    if (!block)
        return status;
    oq_slot_clear(runner, slot);
    slot->array = array;
    slot->block = block;
    slot->is_live = true;
    slot->is_over = false;
    return OQ_OK;
}

/* ---- what an operator may ask for */

/* The running operator with what the host needs to know. */
typedef struct operation {
    oq_run run; /* first: the operator's view */
    oq_runner *runner;
    const oq_step *step;
    oq_slot *const *in;
    oq_block *scratch; /* dropped when the operator returns */
} operation;

static operation *operation_of(oq_run *ctx)
{
    return (operation *)ctx;
}

static void refuse(oq_run *ctx, oq_status status, const char *what)
{
    ctx->status = oq_op_fail(ctx->diag, ctx->node, status, __FILE__, __LINE__, "%s", what);
}

/* Shape output i; false: the status is set. */
static bool start_output(oq_run *ctx, int i, oq_dtype dtype, const int64_t *dims, int rank)
{
    oq_runner *runner = operation_of(ctx)->runner;

    if (i < 0 || i >= ctx->n_out) {
        refuse(ctx, OQ_INTERNAL, "asks for an output it has not");
        return false;
    }
    oq_block_drop(runner->heap, runner->out_block[i]);
    runner->out_block[i] = NULL;
    if (!oq_array_shape(&ctx->out[i], dtype, dims, rank)) {
        refuse(ctx, OQ_LIMIT, "an output has a shape that is too big or not possible");
        return false;
    }
    return true;
}

static void *host_output(oq_run *ctx, int i, oq_dtype dtype, const int64_t *dims, int rank)
{
    oq_runner *runner = operation_of(ctx)->runner;

    if (!start_output(ctx, i, dtype, dims, rank))
        return NULL;
    runner->out_block[i] = take(runner->heap, &ctx->out[i], ctx->node, &ctx->status, ctx->diag);
    return runner->out_block[i] ? ctx->out[i].data : NULL;
}

static bool host_alias(oq_run *ctx, int i, int k, const int64_t *dims, int rank)
{
    operation *op = operation_of(ctx);
    const oq_array *in = oq_in(ctx, k);

    if (!in) {
        refuse(ctx, OQ_INTERNAL, "wants to pass on an input it has not");
        return false;
    }
    if (!start_output(ctx, i, in->dtype, dims, rank))
        return false;
    if (ctx->out[i].n != in->n) {
        refuse(ctx, OQ_SHAPE, "an output shape does not hold as many elements as the input has");
        return false;
    }
    ctx->out[i].data = in->data;
    ctx->out[i].is_constant = in->is_constant;
    op->runner->out_block[i] = oq_block_share(op->in[k]->block);
    return true;
}

/* Nobody else will read input k: not a later step, not this step twice, not the caller, not an alias. */
static bool is_free_to_overwrite(const operation *op, int k)
{
    const oq_slot *slot = op->in[k];

    return k < 64 && (op->step->dying >> k & 1) && slot->block && slot->block->refs == 1 && !slot->is_kept;
}

static void *host_in_place(oq_run *ctx, int i, int k, oq_dtype dtype, const int64_t *dims, int rank)
{
    operation *op = operation_of(ctx);

    if (!oq_in(ctx, k) || !is_free_to_overwrite(op, k))
        return host_output(ctx, i, dtype, dims, rank);
    if (!start_output(ctx, i, dtype, dims, rank))
        return NULL;
    if (ctx->out[i].size != ctx->in[k]->size)
        return host_output(ctx, i, dtype, dims, rank);
    ctx->out[i].data = ctx->in[k]->data;
    op->runner->out_block[i] = oq_block_share(op->in[k]->block);
    return ctx->out[i].data;
}

static void *host_scratch(oq_run *ctx, size_t size)
{
    operation *op = operation_of(ctx);
    oq_array array = {.size = size};
    oq_block *block = take(op->runner->heap, &array, ctx->node, &ctx->status, ctx->diag);

    if (!block)
        return NULL;
    block->next = op->scratch;
    op->scratch = block;
    return array.data;
}

static char *host_text(oq_run *ctx, size_t size)
{
    oq_runner *runner = operation_of(ctx)->runner;
    oq_array array = {.size = size};
    oq_block *block = take(runner->heap, &array, ctx->node, &ctx->status, ctx->diag);

    if (!block)
        return NULL;
    block->next = runner->texts;
    runner->texts = block;
    return array.data;
}

static const oq_run_host host = {host_output, host_alias, host_in_place, host_scratch, host_text};

/* ---- one step */

static void drop_list(oq_heap *heap, oq_block **list)
{
    while (*list) {
        oq_block *block = *list;

        *list = block->next;
        oq_block_drop(heap, block);
    }
}

void oq_drop_texts(oq_runner *runner)
{
    drop_list(runner->heap, &runner->texts);
}

/* Inputs that must be there, of a type the operator computes: types may be unknown until now. */
static oq_status check_inputs(const oq_step *step, const oq_array *const *in, oq_diag *diag)
{
    const oq_prepare ctx = {.node = step->node, .diag = diag};

    for (int i = 0; i < step->n_in; i++) {
        if (!in[i] && step->in && step->in[i])
            OQ_OP_FAIL(&ctx, OQ_INTERNAL, "input %d is not there yet", i);
        if (in[i] && in[i]->dtype >= OQ_N_DTYPES && !(step->op->flags & OQ_OP_SEQUENCES))
            OQ_OP_FAIL(&ctx, OQ_UNSUPPORTED, "cannot be run on a sequence or optional");
    }
    if (in[0] && in[0]->dtype >= OQ_N_DTYPES)
        return OQ_OK;
    if (step->is_integer || !step->op->types || step->n_in == 0 || !in[0])
        return OQ_OK;
    if (!(step->op->types & OQ_T(in[0]->dtype)))
        OQ_OP_FAIL(&ctx, OQ_UNSUPPORTED, "cannot be run on %s", oq_dtype_name(in[0]->dtype));
    return OQ_OK;
}

/* Hand the operator's outputs over to their slots. */
static oq_status store_outputs(operation *op, oq_slot *const *out)
{
    oq_runner *runner = op->runner;

    for (int i = 0; i < op->run.n_out; i++) {
        oq_array *array = &op->run.out[i];

        if (out[i] && op->run.wanted[i] && !array->data) {
            refuse(&op->run, OQ_INTERNAL, "left an output without data");
            return op->run.status;
        }
        if (!out[i] || !array->data) {
            oq_block_drop(runner->heap, runner->out_block[i]);
        } else {
            oq_slot_clear(runner, out[i]);
            out[i]->array = *array;
            out[i]->block = runner->out_block[i];
            out[i]->is_live = true;
            out[i]->is_over = false;
            out[i]->is_copy = false;
        }
        runner->out_block[i] = NULL;
    }
    return OQ_OK;
}

oq_status oq_run_step(oq_runner *runner, const oq_step *step, oq_slot *const *in, oq_slot *const *out,
                      oq_diag *diag)
{
    operation op = {.runner = runner, .step = step, .in = in};
    oq_status status;

    for (int i = 0; i < step->n_in; i++)
        runner->in[i] = in[i] && in[i]->is_live ? &in[i]->array : NULL;
    for (int i = 0; i < OQ_SPARE_PLACES; i++)
        runner->in[step->n_in + i] = NULL;
    for (int i = 0; i < step->n_out; i++) {
        runner->out[i] = (oq_array){.data = NULL};
        runner->out_block[i] = NULL;
    }
    OQ_TRY(check_inputs(step, runner->in, diag));
    op.run = (oq_run){.node = step->view ? step->view : step->node,
                      .state = step->state,
                      .n_in = step->n_in,
                      .n_out = step->n_out,
                      .in = runner->in,
                      .out = runner->out,
                      .wanted = step->wanted,
                      .last_in = step->last_in,
                      .last_out = step->last_out,
                      .pool = runner->pool,
                      .host = &host,
                      .diag = diag};
    status = step->op->run(&op.run);
    if (status == OQ_OK)
        status = op.run.status;
    drop_list(runner->heap, &op.scratch);
    if (status == OQ_OK)
        status = store_outputs(&op, out);
    for (int i = 0; i < step->n_out; i++) {
        oq_block_drop(runner->heap, runner->out_block[i]);
        runner->out_block[i] = NULL;
    }
    return status;
}

/* ---- sequences */

/* The slot of a value's channels-last twin; NULL: it has none. */
static oq_slot *twin_slot(const oq_runner *runner, const oq_value *value)
{
    const oq_program *program = runner->program;
    const oq_value *twin = program->twins && value->id < program->n_values ? program->twins[value->id] : NULL;

    return twin ? &runner->slots[twin->id] : NULL;
}

/* The value behind a twin, or value itself. */
static const oq_value *origin_of(const oq_program *program, const oq_value *value)
{
    return value->id < program->n_values ? value : program->origins[value->id - program->n_values];
}

/* A live value in plain layout: as it is, or a copy of its twin that lives as long as the twin. NULL: it is
 * not live, or there is no memory for the copy. */
static oq_slot *plain_slot(const oq_runner *runner, const oq_value *value)
{
    oq_slot *slot = &runner->slots[value->id], *twin = twin_slot(runner, value);
    oq_array array;
    oq_block *block;
    int64_t dims[OQ_MAX_RANK];

    if (slot->is_live || !twin || !twin->is_live)
        return slot->is_live ? slot : NULL;
    oq_dims_to_plain(twin->array.dims, twin->array.rank, dims);
    if (!oq_array_shape(&array, twin->array.dtype, dims, twin->array.rank))
        return NULL;
    block = oq_block_take(runner->heap, array.size);
    if (!block)
        return NULL;
    array.data = oq_block_data(block);
    if (!oq_convert_to_plain(runner->pool, &twin->array, array.data)) {
        oq_block_drop(runner->heap, block);
        return NULL;
    }
    *slot =
        (oq_slot){.array = array, .block = block, .is_live = true, .is_kept = slot->is_kept, .is_copy = true};
    return slot;
}

static bool is_shown(const oq_runner *runner, const oq_value *value)
{
    const oq_program *program = runner->program;

    return runner->hook && (!program->shown || value->id >= program->n_values || program->shown[value->id]);
}

static oq_status show(oq_runner *runner, const oq_node *node, const oq_value *given, oq_diag *diag)
{
    const oq_value *value = origin_of(runner->program, given);
    const oq_slot *slot = &runner->slots[given->id];

    if (!value || !is_shown(runner, value) || !slot->is_live)
        return OQ_OK;
    if (given != value && !runner->program->options.hook_any_order)
        slot = plain_slot(runner, value);
    if (!slot)
        OQ_FAIL(diag, OQ_LIMIT, "value '%s': no memory to show it", value->name);
    return runner->hook(runner->hook_arg, node, value, &slot->array);
}

static void clear_dead(oq_runner *runner, const oq_value *value)
{
    const oq_value *origin = origin_of(runner->program, value);
    oq_slot *slot = &runner->slots[value->id];

    oq_slot_clear(runner, slot);
    if (origin && origin != value && runner->slots[origin->id].is_copy)
        oq_slot_clear(runner, &runner->slots[origin->id]);
}

static void release(oq_runner *runner, const oq_step *step)
{
    for (int i = 0; i < step->n_release; i++) {
        oq_slot *slot = &runner->slots[step->release[i]->id];

        slot->is_over = true;
        if (!slot->is_kept)
            clear_dead(runner, step->release[i]);
    }
}

/* Shapes declared in the graph decide about layouts: they must not have been wrong. */
static oq_status check_ranks(const oq_runner *runner, const oq_step *step, oq_diag *diag)
{
    for (int i = 0; i < step->n_out; i++) {
        const oq_value *value = step->out[i];
        const oq_slot *slot = value ? &runner->slots[value->id] : NULL;

        if (value && value->id >= runner->program->n_values && slot->is_live &&
            slot->array.rank != value->shape.rank)
            OQ_OP_FAIL(&((oq_prepare){.node = step->node, .diag = diag}), OQ_SHAPE,
                       "output '%s' has rank %d, by the shapes of the graph it had to be %d", value->name,
                       slot->array.rank, value->shape.rank);
    }
    return OQ_OK;
}

static oq_status run_plain(oq_runner *runner, const oq_step *step, oq_slot **slots, oq_diag *diag)
{
    oq_slot **out = slots + step->n_in;

    for (int i = 0; i < step->n_in; i++)
        slots[i] = step->in[i] ? &runner->slots[step->in[i]->id] : NULL;
    for (int i = 0; i < step->n_out; i++)
        out[i] = step->out[i] ? &runner->slots[step->out[i]->id] : NULL;
    OQ_TRY(oq_run_step(runner, step, slots, out, diag));
    return step->last_out || step->is_internal ? check_ranks(runner, step, diag) : OQ_OK;
}

static oq_status run_one(oq_runner *runner, const oq_step *step, oq_diag *diag)
{
    char where[256];
    oq_status status =
        step->bodies ? oq_run_control(runner, step, diag) : run_plain(runner, step, runner->step_slots, diag);

    if (status != OQ_OK && diag && diag->status == OQ_OK)
        return oq_diag_set(diag, status, __FILE__, __LINE__, "%s: failed",
                           oq_node_text(step->node, where, sizeof where));
    for (int i = 0; i < step->n_out && status == OQ_OK && runner->hook && !step->is_internal; i++) {
        if (step->out[i])
            status = show(runner, step->last ? step->last : step->node, step->out[i], diag);
    }
    if (runner->times)
        oq_count_work(runner, step);
    release(runner, step);
    return status;
}

oq_status oq_run_sequence(oq_runner *runner, const oq_sequence *sequence, oq_diag *diag)
{
    for (size_t s = 0; s < sequence->n_steps; s++)
        OQ_TRY(run_one(runner, &sequence->steps[s], diag));
    return OQ_OK;
}

/* ---- runner */

oq_status oq_runner_new(const oq_program *program, oq_pool *pool, oq_runner **out, oq_diag *diag)
{
    oq_runner *runner = calloc(1, sizeof *runner);
    size_t n_in = (size_t)program->max_in + OQ_SPARE_PLACES, n_out = (size_t)program->max_out + 1;

    if (!runner)
        OQ_FAIL(diag, OQ_NOMEM, "out of memory");
    runner->program = program;
    runner->pool = pool;
    runner->heap = &runner->own_heap;
    oq_heap_init(runner->heap, program->options.memory_limit);
    runner->slots = calloc((size_t)program->n_slots + 1, sizeof *runner->slots);
    runner->in = calloc(n_in, sizeof *runner->in);
    runner->out = calloc(n_out, sizeof *runner->out);
    runner->out_block = calloc(n_out, sizeof(oq_block *));
    runner->step_slots = calloc(n_in + n_out, sizeof(oq_slot *));
    if (!runner->slots || !runner->in || !runner->out || !runner->out_block || !runner->step_slots) {
        oq_runner_free(runner);
        OQ_FAIL(diag, OQ_NOMEM, "out of memory for %d values", program->n_slots);
    }
    for (size_t i = 0; i < program->n_constants; i++) {
        const oq_bound_constant *constant = &program->constants[i];

        runner->slots[constant->value->id] = (oq_slot){
            .array = constant->array, .is_live = true, .is_constant = !constant->value->is_overridable};
    }
    *out = runner;
    return OQ_OK;
}

void oq_runner_share_memory(oq_runner *runner, oq_runner *with)
{
    runner->heap = with->heap;
}

static void clear_all(oq_runner *runner)
{
    for (int i = 0; i < runner->program->n_slots; i++) {
        oq_slot_clear(runner, &runner->slots[i]);
        runner->slots[i].is_over = false;
    }
    oq_drop_texts(runner);
}

void oq_runner_free(oq_runner *runner)
{
    if (!runner)
        return;
    if (runner->slots)
        clear_all(runner);
    oq_heap_close(&runner->own_heap);
    free(runner->slots);
    free(runner->in);
    free(runner->out);
    free(runner->out_block);
    free(runner->step_slots);
    free(runner->times);
    free(runner);
}

size_t oq_runner_peak(const oq_runner *runner)
{
    return runner->heap->peak;
}

/* ---- feeds */

static oq_status check_feed(const oq_value *input, const oq_array *feed, oq_diag *diag)
{
    const oq_shape got = oq_shape_of(feed->dims, feed->rank);
    bool fits = input->dtype == OQ_UNDEFINED || input->dtype == feed->dtype;
    char want_text[256], got_text[256];

    if (fits && input->shape.rank >= 0) {
        fits = input->shape.rank == feed->rank;
        for (int i = 0; fits && i < feed->rank; i++)
            fits = input->shape.dims[i].size < 0 || input->shape.dims[i].size == feed->dims[i];
    }
    if (!fits)
        OQ_FAIL(diag, OQ_SHAPE, "input '%s' wants %s%s, it was given %s%s", input->name,
                oq_dtype_name(input->dtype), oq_shape_text(&input->shape, want_text, sizeof want_text),
                oq_dtype_name(feed->dtype), oq_shape_text(&got, got_text, sizeof got_text));
    return OQ_OK;
}

/* Borrow the caller's bytes; copy them only when they are not aligned as operators expect. */
static oq_status bind_feed(oq_runner *runner, const oq_value *input, const oq_array *feed, oq_diag *diag)
{
    oq_slot *slot = &runner->slots[input->id];
    oq_array array;

    if (!oq_array_shape(&array, feed->dtype, feed->dims, feed->rank))
        OQ_FAIL(diag, OQ_SHAPE, "input '%s': the array given has no possible shape", input->name);
    OQ_TRY(check_feed(input, feed, diag));
    if (array.size && !feed->data)
        OQ_FAIL(diag, OQ_ARG, "input '%s' was given a shape but no data", input->name);
    if ((uintptr_t)feed->data % 64 == 0 && feed->data) {
        array.data = feed->data;
        *slot = (oq_slot){.array = array, .is_live = true, .is_kept = slot->is_kept};
        return OQ_OK;
    }
    OQ_TRY(oq_slot_alloc(runner, slot, array.dtype, array.dims, array.rank, NULL, diag));
    if (feed->data)
        memcpy(slot->array.data, feed->data, array.size);
    return OQ_OK;
}

oq_status oq_runner_begin(oq_runner *runner, const oq_array *feeds, oq_diag *diag)
{
    const oq_program *program = runner->program;
    const oq_graph *graph = program->graph;

    clear_all(runner);
    runner->hook = NULL;
    for (size_t i = 0; i < program->n_constants; i++) {
        const oq_bound_constant *constant = &program->constants[i];

        if (constant->value->is_overridable)
            runner->slots[constant->value->id] = (oq_slot){.array = constant->array, .is_live = true};
    }
    for (int i = 0; i < graph->n_inputs; i++) {
        const oq_value *input = graph->inputs[i];

        if (!feeds[i].data && input->constant)
            continue; /* not overridden */
        if (!feeds[i].data && feeds[i].dtype == OQ_UNDEFINED)
            OQ_FAIL(diag, OQ_ARG, "input '%s' was given no array", input->name);
        OQ_TRY(bind_feed(runner, input, &feeds[i], diag));
    }
    return OQ_OK;
}

oq_status oq_runner_run(oq_runner *runner, const oq_array *feeds, oq_hook *hook, void *hook_arg,
                        oq_diag *diag)
{
    const oq_program *program = runner->program;
    oq_status status = OQ_OK;

    OQ_TRY(oq_runner_begin(runner, feeds, diag));
    runner->hook = hook;
    runner->hook_arg = hook_arg;
    for (int i = 0; i < program->graph->n_inputs && status == OQ_OK; i++)
        status = show(runner, NULL, program->graph->inputs[i], diag);
    for (size_t s = 0; s < program->main->n_steps && status == OQ_OK; s++)
        status = oq_runner_step(runner, s, diag);
    runner->hook = NULL;
    return status;
}

const oq_array *oq_runner_output(const oq_runner *runner, int i)
{
    return oq_runner_value(runner, runner->program->graph->outputs[i]);
}

/* ---- stepping */

oq_status oq_runner_step(oq_runner *runner, size_t step, oq_diag *diag)
{
    const oq_sequence *sequence = runner->program->main;
    uint64_t start = runner->times ? oq_nanoseconds() : 0;
    oq_status status;

    if (step >= sequence->n_steps)
        OQ_FAIL(diag, OQ_ARG, "step %zu of %zu", step, sequence->n_steps);
    status = run_one(runner, &sequence->steps[step], diag);
    if (runner->times) {
        runner->times[step].nanoseconds += oq_nanoseconds() - start;
        runner->times[step].calls++;
    }
    return status;
}

const oq_array *oq_runner_value(const oq_runner *runner, const oq_value *value)
{
    const oq_slot *slot = value->id < runner->program->n_values ? plain_slot(runner, value) : NULL;

    return slot ? &slot->array : NULL;
}

const oq_array *oq_runner_live(oq_runner *runner, const oq_value *value, bool *is_last)
{
    oq_slot *slot = value->id < runner->program->n_values ? &runner->slots[value->id] : NULL, *twin;

    *is_last = false;
    if (!slot || (slot->is_live && !slot->is_copy))
        return slot ? &slot->array : NULL;
    oq_slot_clear(runner, slot); /* a copy made on demand would not follow changes */
    twin = twin_slot(runner, value);
    *is_last = true;
    return twin && twin->is_live ? &twin->array : NULL;
}

oq_status oq_runner_keep(oq_runner *runner, const oq_value *value)
{
    oq_slot *twin;

    if (value->id >= runner->program->n_values)
        return OQ_ARG;
    runner->slots[value->id].is_kept = true;
    twin = twin_slot(runner, value);
    if (twin)
        twin->is_kept = true;
    return OQ_OK;
}

static void unkeep(oq_runner *runner, const oq_value *value)
{
    oq_slot *slot = &runner->slots[value->id];

    slot->is_kept = false;
    if (slot->is_over)
        clear_dead(runner, value);
}

void oq_runner_release(oq_runner *runner, const oq_value *value)
{
    const oq_program *program = runner->program;

    if (value->id >= program->n_values)
        return;
    unkeep(runner, value);
    if (twin_slot(runner, value))
        unkeep(runner, program->twins[value->id]);
}

/* Fresh bytes for slot, a copy of array in the slot's layout. */
static oq_status replace_slot(oq_runner *runner, oq_slot *slot, const oq_value *value, const oq_array *array,
                              bool is_last, oq_diag *diag)
{
    oq_array old = slot->array;
    bool is_over = slot->is_over;

    OQ_TRY(oq_slot_alloc(runner, slot, old.dtype, old.dims, old.rank, value->producer, diag));
    slot->is_over = is_over;
    if (!is_last)
        memcpy(slot->array.data, array->data, old.size);
    else if (!oq_convert_to_last(runner->pool, array, slot->array.data))
        OQ_FAIL(diag, OQ_UNSUPPORTED, "value '%s': its elements cannot be moved", value->name);
    return OQ_OK;
}

oq_status oq_runner_replace(oq_runner *runner, const oq_value *value, const oq_array *array, oq_diag *diag)
{
    oq_slot *slot = value->id < runner->program->n_values ? plain_slot(runner, value) : NULL, *twin;

    if (!slot || slot->is_constant)
        OQ_FAIL(diag, OQ_ARG, "value '%s' is not live: it cannot be replaced", value->name);
    if (slot->array.dtype != array->dtype || slot->array.rank != array->rank ||
        memcmp(slot->array.dims, array->dims, (size_t)array->rank * sizeof *array->dims) != 0)
        OQ_FAIL(diag, OQ_ARG, "value '%s': the replacement has another type or shape", value->name);
    twin = twin_slot(runner, value);
    if (twin && twin->is_live)
        OQ_TRY(replace_slot(runner, twin, value, array, true, diag));
    if (slot->is_copy)
        oq_slot_clear(runner, slot);
    else
        OQ_TRY(replace_slot(runner, slot, value, array, false, diag));
    return OQ_OK;
}
