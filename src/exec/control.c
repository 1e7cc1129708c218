/* control: If, Loop and Scan. A body runs in the slots of the graph around it: captured values are simply
 * there.
 *
 * Loop and Scan carry values from one iteration to the next. They are taken out of the body after each
 * iteration and put back before the next one, because a body may pass its inputs on in another order (a
 * swap).
 */
#include <string.h>

#include "exec/program.h"

/* More iterations than this are a mistake of the model, not work. */
#define MAX_ITERATIONS (INT64_C(1) << 24)

/* What a scan output has gathered so far: n elements of one shape, one behind the other. */
typedef struct gathered {
    oq_array element; /* its dtype and shape; data unused */
    oq_block *block;  /* NULL before the first */
    size_t n;
} gathered;

/* One Loop or Scan while it runs. */
typedef struct iteration {
    oq_runner *runner;
    const oq_step *step;
    const oq_sequence *body;
    int first_in, first_out; /* body inputs and outputs before the carried ones: Loop 2 and 1, Scan 0 and 0 */
    int n_carried, n_scans;
    oq_slot *carried; /* between iterations */
    gathered *scans;
    oq_block *storage; /* of carried and scans */
    oq_diag *diag;
} iteration;

#define FAIL(it, status, ...) \
    OQ_OP_FAIL(&((oq_prepare){.node = (it)->step->node, .diag = (it)->diag}), status, __VA_ARGS__)

static oq_slot *slot_of(const oq_runner *runner, const oq_value *value)
{
    return &runner->slots[value->id];
}

/* Input i of the step; NULL when omitted. */
static const oq_slot *input_of(const oq_runner *runner, const oq_step *step, int i)
{
    return i < step->n_in && step->in[i] ? slot_of(runner, step->in[i]) : NULL;
}

static oq_slot *output_of(const oq_runner *runner, const oq_step *step, int i)
{
    return i < step->n_out && step->out[i] && step->wanted[i] ? slot_of(runner, step->out[i]) : NULL;
}

/* Drop what a body's run leaves: its inputs and outputs (all else died at its last reader). */
static void clear_body(oq_runner *runner, const oq_graph *graph)
{
    for (int i = 0; i < graph->n_inputs; i++)
        oq_slot_clear(runner, slot_of(runner, graph->inputs[i]));
    for (int i = 0; i < graph->n_outputs; i++) {
        if (graph->outputs[i]->graph == graph)
            oq_slot_clear(runner, slot_of(runner, graph->outputs[i]));
    }
}

static oq_status read_bool(const oq_step *step, const oq_slot *slot, bool *out, oq_diag *diag)
{
    if (!slot->is_live || slot->array.dtype != OQ_BOOL || slot->array.n != 1)
        OQ_OP_FAIL(&((oq_prepare){.node = step->node, .diag = diag}), OQ_SHAPE,
                   "its condition must be one bool, not %zu of %s", slot->array.n,
                   oq_dtype_name(slot->array.dtype));
    *out = *(const uint8_t *)slot->array.data != 0;
    return OQ_OK;
}

/* ---- If */

static oq_status run_if(oq_runner *runner, const oq_step *step, oq_diag *diag)
{
    const oq_sequence *branch;
    bool condition = false;

    OQ_TRY(read_bool(step, slot_of(runner, step->in[0]), &condition, diag));
    branch = step->bodies[condition ? 0 : 1];
    OQ_TRY(oq_run_sequence(runner, branch, diag));
    for (int i = 0; i < step->n_out; i++) {
        oq_slot *out = output_of(runner, step, i);

        if (out)
            oq_slot_share(runner, out, slot_of(runner, branch->graph->outputs[i]));
    }
    clear_body(runner, branch->graph);
    return OQ_OK;
}

/* ---- what Loop and Scan share */

static oq_status start(iteration *it)
{
    it->n_scans = it->n_scans < 0 ? 0 : it->n_scans; /* the node may leave its last outputs out */
    size_t size = (size_t)it->n_carried * sizeof *it->carried + (size_t)it->n_scans * sizeof *it->scans;

    it->storage = oq_block_take(it->runner->heap, size);
    if (!it->storage)
        FAIL(it, OQ_LIMIT, "no memory for %d values carried around", it->n_carried);
    it->carried = oq_block_data(it->storage);
    it->scans = (gathered *)(void *)(it->carried + it->n_carried);
    memset(it->carried, 0, size);
    return OQ_OK;
}

static void finish(iteration *it)
{
    if (!it->storage)
        return;
    for (int i = 0; i < it->n_carried; i++)
        oq_slot_clear(it->runner, &it->carried[i]);
    for (int i = 0; i < it->n_scans; i++)
        oq_block_drop(it->runner->heap, it->scans[i].block);
    oq_block_drop(it->runner->heap, it->storage);
}

static oq_status gather(iteration *it, gathered *g, const oq_array *array)
{
    size_t used = g->n * array->size;

    if (!g->block)
        g->element = *array;
    if (g->element.dtype != array->dtype || g->element.rank != array->rank ||
        memcmp(g->element.dims, array->dims, (size_t)array->rank * sizeof *array->dims) != 0)
        FAIL(it, OQ_SHAPE, "a scan output changes its type or shape in iteration %zu", g->n);
    if (oq_dtype_bits(array->dtype) < 8)
        FAIL(it, OQ_UNSUPPORTED, "scan outputs of %s cannot be gathered", oq_dtype_name(array->dtype));
    if (!g->block || g->block->capacity - used < array->size) {
        oq_block *bigger = oq_block_take(it->runner->heap, 2 * used + array->size);

        if (!bigger)
            FAIL(it, OQ_LIMIT, "no memory for scan output after %zu iterations (limit %zu bytes)", g->n,
                 it->runner->heap->limit);
        if (g->block)
            memcpy(oq_block_data(bigger), oq_block_data(g->block), used);
        oq_block_drop(it->runner->heap, g->block);
        g->block = bigger;
    }
    if (array->size)
        memcpy((char *)oq_block_data(g->block) + used, array->data, array->size);
    g->n++;
    return OQ_OK;
}

static void enter(iteration *it)
{
    for (int i = 0; i < it->n_carried; i++) {
        oq_slot_share(it->runner, slot_of(it->runner, it->body->graph->inputs[it->first_in + i]),
                      &it->carried[i]);
        oq_slot_clear(it->runner, &it->carried[i]);
    }
}

static oq_status leave(iteration *it)
{
    oq_value *const *outputs = it->body->graph->outputs + it->first_out;

    for (int i = 0; i < it->n_carried; i++)
        oq_slot_share(it->runner, &it->carried[i], slot_of(it->runner, outputs[i]));
    for (int i = 0; i < it->n_scans; i++) {
        if (output_of(it->runner, it->step, it->n_carried + i))
            OQ_TRY(gather(it, &it->scans[i], &slot_of(it->runner, outputs[it->n_carried + i])->array));
    }
    clear_body(it->runner, it->body->graph);
    return OQ_OK;
}

/* Element of a scan output that no iteration gave: what the body says of its type, unknown sizes 0. */
static oq_status empty_element(const iteration *it, const oq_value *value, oq_array *element)
{
    int64_t dims[OQ_MAX_RANK] = {0};
    int rank = value->shape.rank;

    if (value->dtype == OQ_UNDEFINED || rank < 0)
        FAIL(it, OQ_UNSUPPORTED, "ran no iteration, and the shape of scan output '%s' is not known",
             value->name);
    for (int i = 0; i < rank; i++)
        dims[i] = value->shape.dims[i].size > 0 ? value->shape.dims[i].size : 0;
    if (!oq_array_shape(element, value->dtype, dims, rank))
        FAIL(it, OQ_LIMIT, "scan output '%s' has an impossible shape", value->name);
    return OQ_OK;
}

/* The gathered elements along a new axis of output i, last one first when reversed. */
static oq_status deliver_scan(iteration *it, int i, int64_t axis, bool is_reversed)
{
    gathered *g = &it->scans[i];
    oq_slot *out = output_of(it->runner, it->step, it->n_carried + i);
    int64_t dims[OQ_MAX_RANK];
    int at, rank;
    size_t outer, inner;

    if (!out)
        return OQ_OK;
    if (!g->block)
        OQ_TRY(empty_element(it, it->body->graph->outputs[it->first_out + it->n_carried + i], &g->element));
    rank = g->element.rank + 1;
    if (rank > OQ_MAX_RANK || !oq_axis_normalize(axis, rank, &at))
        FAIL(it, OQ_SHAPE, "scan output %d: axis %lld does not exist in rank %d", i, (long long)axis, rank);
    for (int d = 0; d < rank; d++)
        dims[d] = d == at ? (int64_t)g->n : g->element.dims[d < at ? d : d - 1];
    OQ_TRY(oq_slot_alloc(it->runner, out, g->element.dtype, dims, rank, it->step->node, it->diag));
    outer = oq_dims_product(dims, 0, at);
    inner = outer && g->n ? out->array.size / outer / g->n : 0;
    for (size_t t = 0; t < g->n && inner; t++) {
        size_t to = is_reversed ? g->n - 1 - t : t;
        const char *from = (const char *)oq_block_data(g->block) + t * g->element.size;

        for (size_t o = 0; o < outer; o++)
            memcpy((char *)out->array.data + (o * g->n + to) * inner, from + o * inner, inner);
    }
    return OQ_OK;
}

static void deliver_carried(iteration *it)
{
    for (int i = 0; i < it->n_carried; i++) {
        oq_slot *out = output_of(it->runner, it->step, i);

        if (out)
            oq_slot_share(it->runner, out, &it->carried[i]);
    }
}

/* ---- Loop */

static oq_status bind_number(iteration *it, const oq_value *value, oq_dtype dtype, int64_t number)
{
    oq_slot *slot = slot_of(it->runner, value);
    int rank = value->shape.rank == 1 ? 1 : 0; /* scalar, or the one-element form older exporters write */

    OQ_TRY(oq_slot_alloc(it->runner, slot, dtype, &(int64_t){1}, rank, it->step->node, it->diag));
    if (dtype == OQ_BOOL)
        *(uint8_t *)slot->array.data = number != 0;
    else
        *(int64_t *)slot->array.data = number;
    return OQ_OK;
}

static oq_status iterate_loop(iteration *it, int64_t max, bool condition)
{
    const oq_graph *graph = it->body->graph;

    for (int64_t t = 0; t < max && condition; t++) {
        if (t == MAX_ITERATIONS)
            FAIL(it, OQ_LIMIT, "runs more than %lld iterations", (long long)MAX_ITERATIONS);
        OQ_TRY(bind_number(it, graph->inputs[0], OQ_INT64, t));
        OQ_TRY(bind_number(it, graph->inputs[1], OQ_BOOL, condition));
        enter(it);
        OQ_TRY(oq_run_sequence(it->runner, it->body, it->diag));
        OQ_TRY(read_bool(it->step, slot_of(it->runner, graph->outputs[0]), &condition, it->diag));
        OQ_TRY(leave(it));
    }
    for (int i = 0; i < it->n_scans; i++)
        OQ_TRY(deliver_scan(it, i, 0, false));
    deliver_carried(it);
    return OQ_OK;
}

static oq_status run_loop(oq_runner *runner, const oq_step *step, oq_diag *diag)
{
    const oq_slot *max = input_of(runner, step, 0), *first = input_of(runner, step, 1);
    iteration it = {.runner = runner,
                    .step = step,
                    .body = step->bodies[0],
                    .first_in = 2,
                    .first_out = 1,
                    .n_carried = step->n_in - 2,
                    .n_scans = step->n_out - (step->n_in - 2),
                    .diag = diag};
    int64_t n = INT64_MAX;
    bool condition = true;
    oq_status status;

    if (max && (max->array.dtype != OQ_INT64 || max->array.n != 1))
        FAIL(&it, OQ_SHAPE, "its trip count must be one int64");
    if (max)
        n = *(const int64_t *)max->array.data;
    if (first)
        OQ_TRY(read_bool(step, first, &condition, diag));
    OQ_TRY(start(&it));
    for (int i = 0; i < it.n_carried; i++)
        oq_slot_share(runner, &it.carried[i], slot_of(runner, step->in[2 + i]));
    status = iterate_loop(&it, n, condition);
    finish(&it);
    return status;
}

/* ---- Scan (opset 9 and later: no batch axis) */

/* Element i of a list attribute, 0 when the list is absent or short. */
static int64_t listed(const oq_node *node, const char *name, int i)
{
    size_t n;
    const int64_t *list = oq_node_ints(node, name, &n);

    return (size_t)i < n ? list[i] : 0;
}

/* Slice t of scan input i into its body input. */
static oq_status bind_slice(iteration *it, int i, size_t t)
{
    const oq_array *all = &slot_of(it->runner, it->step->in[it->n_carried + i])->array;
    oq_slot *slot = slot_of(it->runner, it->body->graph->inputs[it->n_carried + i]);
    int64_t dims[OQ_MAX_RANK];
    size_t outer, inner, n;
    int axis;

    if (!oq_axis_normalize(listed(it->step->node, "scan_input_axes", i), all->rank, &axis))
        FAIL(it, OQ_SHAPE, "scan input %d: its axis does not exist in rank %d", i, all->rank);
    n = (size_t)all->dims[axis];
    for (int d = 0; d + 1 < all->rank; d++)
        dims[d] = all->dims[d < axis ? d : d + 1];
    OQ_TRY(oq_slot_alloc(it->runner, slot, all->dtype, dims, all->rank - 1, it->step->node, it->diag));
    outer = oq_dims_product(all->dims, 0, axis);
    inner = outer && n ? all->size / outer / n : 0;
    if (listed(it->step->node, "scan_input_directions", i))
        t = n - 1 - t;
    for (size_t o = 0; o < outer && inner; o++)
        memcpy((char *)slot->array.data + o * inner, (const char *)all->data + (o * n + t) * inner, inner);
    return OQ_OK;
}

/* Number of iterations: the length all scan inputs have along their axis. */
static oq_status scan_length(const iteration *it, int n_scan_inputs, int64_t *length)
{
    *length = 0;
    for (int i = 0; i < n_scan_inputs; i++) {
        const oq_array *all = &slot_of(it->runner, it->step->in[it->n_carried + i])->array;
        int axis;

        if (!oq_axis_normalize(listed(it->step->node, "scan_input_axes", i), all->rank, &axis) ||
            oq_dtype_bits(all->dtype) < 8)
            FAIL(it, OQ_SHAPE, "scan input %d: %s of rank %d cannot be scanned", i, oq_dtype_name(all->dtype),
                 all->rank);
        if (i > 0 && all->dims[axis] != *length)
            FAIL(it, OQ_SHAPE, "scan input %d has %lld elements, the others have %lld", i,
                 (long long)all->dims[axis], (long long)*length);
        *length = all->dims[axis];
    }
    return OQ_OK;
}

static oq_status iterate_scan(iteration *it, int n_scan_inputs)
{
    const oq_node *node = it->step->node;
    int64_t length;

    OQ_TRY(scan_length(it, n_scan_inputs, &length));
    for (int64_t t = 0; t < length; t++) {
        for (int i = 0; i < n_scan_inputs; i++)
            OQ_TRY(bind_slice(it, i, (size_t)t));
        enter(it);
        OQ_TRY(oq_run_sequence(it->runner, it->body, it->diag));
        OQ_TRY(leave(it));
    }
    for (int i = 0; i < it->n_scans; i++)
        OQ_TRY(deliver_scan(it, i, listed(node, "scan_output_axes", i),
                            listed(node, "scan_output_directions", i) != 0));
    deliver_carried(it);
    return OQ_OK;
}

/* ---- Scan of opset 8: everything has a batch axis in front, and the iterations run for each sample */

/* Sample b of input i (of the node), and of that slice t unless t is negative, into a body input. */
static oq_status bind_sample(iteration *it, int i, const oq_value *input, int64_t b, int64_t t)
{
    const oq_array *all = &slot_of(it->runner, it->step->in[i])->array;
    oq_slot *slot = slot_of(it->runner, input);
    int n_off = t < 0 ? 1 : 2;
    size_t at = (size_t)b;

    OQ_TRY(oq_slot_alloc(it->runner, slot, all->dtype, all->dims + n_off, all->rank - n_off, it->step->node,
                         it->diag));
    if (t >= 0)
        at = at * (size_t)all->dims[1] + (size_t)t;
    if (slot->array.size)
        memcpy(slot->array.data, (const char *)all->data + at * slot->array.size, slot->array.size);
    return OQ_OK;
}

/* Batch and length that all inputs share. */
static oq_status batch_of(const iteration *it, int n_scan_inputs, int64_t *batch, int64_t *length)
{
    const oq_step *step = it->step;
    const oq_slot *lengths = input_of(it->runner, step, 0);

    *batch = *length = -1;
    for (int i = 1; i < step->n_in; i++) {
        const oq_array *in = &slot_of(it->runner, step->in[i])->array;
        bool is_scan = i >= step->n_in - n_scan_inputs;

        if (in->rank < (is_scan ? 2 : 1) || oq_dtype_bits(in->dtype) < 8 ||
            (*batch >= 0 && in->dims[0] != *batch) || (is_scan && *length >= 0 && in->dims[1] != *length))
            FAIL(it, OQ_SHAPE, "input %d: its batch or length is not that of the others", i);
        *batch = in->dims[0];
        *length = is_scan ? in->dims[1] : *length;
    }
    for (size_t b = 0; lengths && b < lengths->array.n; b++) {
        if (oq_array_int(&lengths->array, b) != *length)
            FAIL(it, OQ_UNSUPPORTED, "a sequence that is shorter than the others is not computed here");
    }
    return OQ_OK;
}

/* The gathered elements as output i, [batch, length, ...] or, for a state, [batch, ...]. */
static oq_status deliver_batch(iteration *it, int i, gathered *g, const int64_t *front, int n_front)
{
    oq_slot *out = output_of(it->runner, it->step, i);
    int64_t dims[OQ_MAX_RANK];
    int rank = n_front + g->element.rank;

    if (!out)
        return OQ_OK;
    if (!g->block || rank > OQ_MAX_RANK)
        FAIL(it, OQ_UNSUPPORTED, "output %d: an empty batch or a rank of %d cannot be given", i, rank);
    memcpy(dims, front, (size_t)n_front * sizeof *dims);
    memcpy(dims + n_front, g->element.dims, (size_t)g->element.rank * sizeof *dims);
    OQ_TRY(oq_slot_alloc(it->runner, out, g->element.dtype, dims, rank, it->step->node, it->diag));
    if (out->array.size)
        memcpy(out->array.data, oq_block_data(g->block), out->array.size);
    return OQ_OK;
}

/* states: gathered final states, n_carried of them. */
static oq_status iterate_batch(iteration *it, int n_scan_inputs, gathered *states)
{
    oq_value *const *inputs = it->body->graph->inputs;
    int64_t batch, length;

    OQ_TRY(batch_of(it, n_scan_inputs, &batch, &length));
    for (int64_t b = 0; b < batch; b++) {
        for (int i = 0; i < it->n_carried; i++) {
            OQ_TRY(bind_sample(it, 1 + i, inputs[i], b, -1));
            oq_slot_share(it->runner, &it->carried[i], slot_of(it->runner, inputs[i]));
        }
        for (int64_t t = 0; t < length; t++) {
            for (int i = 0; i < n_scan_inputs; i++) {
                bool is_backwards = listed(it->step->node, "directions", i) != 0;

                OQ_TRY(bind_sample(it, 1 + it->n_carried + i, inputs[it->n_carried + i], b,
                                   is_backwards ? length - 1 - t : t));
            }
            enter(it);
            OQ_TRY(oq_run_sequence(it->runner, it->body, it->diag));
            OQ_TRY(leave(it));
        }
        for (int i = 0; i < it->n_carried; i++)
            OQ_TRY(gather(it, &states[i], &it->carried[i].array));
    }
    for (int i = 0; i < it->n_carried; i++)
        OQ_TRY(deliver_batch(it, i, &states[i], &batch, 1));
    for (int i = 0; i < it->n_scans; i++)
        OQ_TRY(deliver_batch(it, it->n_carried + i, &it->scans[i], (int64_t[]){batch, length}, 2));
    return OQ_OK;
}

static oq_status run_scan_8(oq_runner *runner, const oq_step *step, oq_diag *diag)
{
    int n_scan_inputs = (int)oq_node_int(step->node, "num_scan_inputs", 0);
    int n_carried = step->n_in - 1 - n_scan_inputs;
    iteration it = {.runner = runner,
                    .step = step,
                    .body = step->bodies[0],
                    .n_carried = n_carried,
                    .n_scans = step->n_out - n_carried,
                    .diag = diag};
    oq_block *storage = oq_block_take(runner->heap, (size_t)(n_carried + 1) * sizeof(gathered));
    gathered *states = storage ? oq_block_data(storage) : NULL;
    oq_status status;

    if (!states)
        FAIL(&it, OQ_LIMIT, "no memory for %d states", n_carried);
    memset(states, 0, (size_t)(n_carried + 1) * sizeof *states);
    status = start(&it);
    if (status == OQ_OK)
        status = iterate_batch(&it, n_scan_inputs, states);
    for (int i = 0; i < n_carried; i++)
        oq_block_drop(runner->heap, states[i].block);
    oq_block_drop(runner->heap, storage);
    finish(&it);
    return status;
}

static oq_status run_scan(oq_runner *runner, const oq_step *step, oq_diag *diag)
{
    int n_scan_inputs = (int)oq_node_int(step->node, "num_scan_inputs", 0);
    int n_carried = step->n_in - n_scan_inputs;
    iteration it = {.runner = runner,
                    .step = step,
                    .body = step->bodies[0],
                    .n_carried = n_carried,
                    .n_scans = step->n_out - n_carried,
                    .diag = diag};
    oq_status status;

    OQ_TRY(start(&it));
    for (int i = 0; i < n_carried; i++)
        oq_slot_share(runner, &it.carried[i], slot_of(runner, step->in[i]));
    status = iterate_scan(&it, n_scan_inputs);
    finish(&it);
    return status;
}

/* ---- seen from outside */

const char *const *oq_control_bodies(const oq_node *node)
{
    static const char *const branches[] = {"then_branch", "else_branch", NULL};
    static const char *const body[] = {"body", NULL};

    if (oq_node_is(node, "If"))
        return branches;
    if (oq_node_is(node, "Loop") || oq_node_is(node, "Scan") || oq_node_is(node, "SequenceMap"))
        return body;
    return NULL;
}

static bool is_scan_8(const oq_node *node)
{
    return oq_node_is(node, "Scan") && node->opset < 9;
}

/* Do the body's inputs and outputs correspond to the node's? */
static const char *mismatch(const oq_node *node, const oq_graph *body)
{
    int extra_out = oq_node_is(node, "Loop") ? 1 : 0; /* the condition */
    int64_t n_scan_inputs = oq_node_int(node, "num_scan_inputs", 0);
    int n_carried = oq_node_is(node, "Loop") ? node->n_inputs - 2 : node->n_inputs - (int)n_scan_inputs;

    if (oq_node_is(node, "If"))
        return body->n_outputs < node->n_outputs ? "a branch gives fewer outputs than the node" : NULL;
    if (oq_node_is(node, "Scan") && (n_scan_inputs < 1 || n_scan_inputs > node->n_inputs))
        return "num_scan_inputs does not fit its inputs";
    n_carried -= is_scan_8(node); /* its first input is the lengths */
    if (n_carried < 0 || body->n_inputs != node->n_inputs - is_scan_8(node))
        return "the body has not as many inputs as the node";
    if (oq_node_is(node, "SequenceMap"))
        n_carried = 0;
    if (body->n_outputs < node->n_outputs + extra_out || body->n_outputs < n_carried + extra_out)
        return "the body has not as many outputs as the node needs";
    return NULL;
}

const char *oq_control_obstacle(const oq_node *node)
{
    const char *const *names = oq_control_bodies(node);

    if (!names)
        return "this control operator cannot be run here";
    for (int i = oq_node_is(node, "Loop") ? 2 : is_scan_8(node) ? 1 : 0; i < node->n_inputs; i++) {
        if (!node->inputs[i])
            return "a carried input is missing";
    }
    for (int i = 0; names[i]; i++) {
        const oq_attr *attr = oq_node_attr(node, names[i]);
        const char *reason;

        if (!attr || attr->kind != OQ_ATTR_GRAPH || !attr->graph)
            return "a body is missing";
        reason = mismatch(node, attr->graph);
        if (reason)
            return reason;
    }
    return NULL;
}

oq_status oq_run_control(oq_runner *runner, const oq_step *step, oq_diag *diag)
{
    if (oq_node_is(step->node, "If"))
        return run_if(runner, step, diag);
    if (oq_node_is(step->node, "SequenceMap"))
        return oq_run_sequence_map(runner, step, diag);
    if (oq_node_is(step->node, "Loop"))
        return run_loop(runner, step, diag);
    return step->node->opset < 9 ? run_scan_8(runner, step, diag) : run_scan(runner, step, diag);
}
