/* one_node: a node by itself, for fold_constants and operator tests. */
#include <stdlib.h>
#include <string.h>

#include "exec/program.h"
#include "ir/print.h"

/* Slots and a runner just big enough for one step. */
typedef struct bench {
    oq_runner runner;
    oq_step step;
    oq_slot *slots;  /* inputs, then outputs */
    oq_slot **links; /* to them; NULL: omitted */
} bench;

/* Strings point into inputs or into memory of the run: the result owns its own. */
static bool own_strings(oq_tensor *tensor, oq_arena *arena)
{
    oq_string *strings;

    if (tensor->dtype != OQ_STRING)
        return true;
    strings = oq_arena_copy(arena, tensor->data, tensor->size);
    for (size_t i = 0; strings && i < tensor->n_elements; i++) {
        strings[i].data = oq_arena_copy(arena, strings[i].data ? strings[i].data : "", strings[i].size);
        if (!strings[i].data)
            return false;
    }
    tensor->data = strings;
    return strings != NULL;
}

static oq_tensor *keep_array(const oq_array *array, oq_arena *arena)
{
    void *data = oq_arena_copy(arena, array->data, array->size);
    oq_tensor *tensor = data ? oq_tensor_wrap(arena, array->dtype, array->dims, array->rank, data) : NULL;

    return tensor && own_strings(tensor, arena) ? tensor : NULL;
}

static bool set_up(bench *b, const oq_node *node, const oq_array *const *inputs, oq_arena *scratch,
                   size_t max_bytes)
{
    size_t n_in = (size_t)node->n_inputs, n_out = (size_t)node->n_outputs;

    b->slots = OQ_NEW_ARRAY(scratch, oq_slot, n_in + n_out);
    b->links = OQ_NEW_ARRAY(scratch, oq_slot *, n_in + n_out);
    b->runner.in = OQ_NEW_ARRAY(scratch, const oq_array *, n_in + OQ_SPARE_PLACES);
    b->runner.out = OQ_NEW_ARRAY(scratch, oq_array, n_out);
    b->runner.out_block = OQ_NEW_ARRAY(scratch, oq_block *, n_out);
    b->step.wanted = OQ_NEW_ARRAY(scratch, bool, n_out + OQ_SPARE_PLACES);
    if (!b->slots || !b->links || !b->runner.in || !b->runner.out || !b->runner.out_block || !b->step.wanted)
        return false;
    b->runner.heap = &b->runner.own_heap;
    oq_heap_init(b->runner.heap, max_bytes);
    b->step.node = node;
    b->step.op = node->op;
    b->step.n_in = node->n_inputs;
    b->step.n_out = node->n_outputs;
    for (size_t i = 0; i < n_in; i++) {
        if (!inputs[i])
            continue;
        b->slots[i] = (oq_slot){.array = *inputs[i], .is_live = true, .is_constant = true};
        b->links[i] = &b->slots[i];
    }
    for (size_t i = 0; i < n_out; i++) {
        b->step.wanted[i] = node->outputs[i] != NULL;
        b->links[n_in + i] = node->outputs[i] ? &b->slots[n_in + i] : NULL;
    }
    return true;
}

static oq_status run(bench *b, const oq_array *const *inputs, oq_arena *scratch, oq_arena *arena,
                     oq_tensor **outputs, oq_diag *diag)
{
    const oq_node *node = b->step.node;
    oq_prepare prepare = {.node = node, .arena = scratch, .diag = diag};
    oq_slot **out = b->links + node->n_inputs;

    for (int i = 0; i < node->op->min_in; i++) {
        if (i >= node->n_inputs || !inputs[i])
            OQ_OP_FAIL(&prepare, OQ_FORMAT, "input %d is missing, the operator needs it", i);
    }
    if (node->op->prepare)
        OQ_TRY(node->op->prepare(&prepare));
    b->step.state = prepare.state;
    OQ_TRY(oq_run_step(&b->runner, &b->step, b->links, out, diag));
    for (int i = 0; i < node->n_outputs; i++) {
        if (!out[i])
            continue;
        outputs[i] = keep_array(&out[i]->array, arena);
        if (!outputs[i])
            OQ_OP_FAIL(&prepare, OQ_NOMEM, "no memory for its output of %zu bytes", out[i]->array.size);
    }
    return OQ_OK;
}

oq_status oq_exec_node(const oq_node *node, const oq_array *const *inputs, oq_arena *arena, size_t max_bytes,
                       oq_tensor **outputs, oq_diag *diag)
{
    const char *obstacle = oq_exec_obstacle(node);
    oq_arena *scratch;
    bench b = {.slots = NULL};
    char where[256];
    oq_status status = OQ_NOMEM;

    if (obstacle || node->op->flags & OQ_OP_CONTROL)
        OQ_FAIL(diag, OQ_UNSUPPORTED, "%s, %s: %s", node->op_type, oq_node_text(node, where, sizeof where),
                obstacle ? obstacle : "a control operator does not run by itself");
    scratch = oq_arena_new(0);
    for (int i = 0; i < node->n_outputs; i++)
        outputs[i] = NULL;
    if (scratch && set_up(&b, node, inputs, scratch, max_bytes)) {
        status = run(&b, inputs, scratch, arena, outputs, diag);
        for (int i = 0; i < node->n_outputs; i++)
            oq_slot_clear(&b.runner, &b.slots[node->n_inputs + i]);
        oq_drop_texts(&b.runner);
        oq_heap_close(b.runner.heap);
    }
    oq_arena_free(scratch);
    return status;
}
