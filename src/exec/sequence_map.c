/* sequence_map: SequenceMap runs its body once for each element of its first input. Other sequences of the
 * same length give their element of the same place; a tensor is the same every time. */
#include <string.h>

#include "exec/program.h"
#include "op/sequence.h"

typedef struct mapping {
    oq_runner *runner;
    const oq_step *step;
    const oq_sequence *body;
    size_t n;          /* elements */
    oq_slot *results;  /* [output][element] */
    oq_block *storage; /* of results */
    oq_diag *diag;
} mapping;

#define FAIL(m, status, ...) \
    OQ_OP_FAIL(&((oq_prepare){.node = (m)->step->node, .diag = (m)->diag}), status, __VA_ARGS__)

static oq_slot *slot_of(const mapping *m, const oq_value *value)
{
    return &m->runner->slots[value->id];
}

/* Body input i in turn t. */
static oq_status bind(const mapping *m, int i, size_t t)
{
    const oq_slot *from = slot_of(m, m->step->in[i]);
    oq_slot *to = slot_of(m, m->body->graph->inputs[i]);
    oq_array element;

    if (!oq_is_sequence(&from->array)) {
        oq_slot_share(m->runner, to, from);
        return OQ_OK;
    }
    if (oq_sequence_count(&from->array) != m->n)
        FAIL(m, OQ_SHAPE, "input %d has %zu elements, input 0 has %zu", i, oq_sequence_count(&from->array),
             m->n);
    element = oq_sequence_at(&from->array, t);
    OQ_TRY(oq_slot_alloc(m->runner, to, element.dtype, element.dims, element.rank, m->step->node, m->diag));
    if (element.size)
        memcpy(to->array.data, element.data, element.size);
    return OQ_OK;
}

static void clear_body(const mapping *m)
{
    const oq_graph *graph = m->body->graph;

    for (int i = 0; i < graph->n_inputs; i++)
        oq_slot_clear(m->runner, slot_of(m, graph->inputs[i]));
    for (int i = 0; i < graph->n_outputs; i++) {
        if (graph->outputs[i]->graph == graph)
            oq_slot_clear(m->runner, slot_of(m, graph->outputs[i]));
    }
}

static oq_status turn(const mapping *m, size_t t)
{
    for (int i = 0; i < m->step->n_in; i++)
        OQ_TRY(bind(m, i, t));
    OQ_TRY(oq_run_sequence(m->runner, m->body, m->diag));
    for (int i = 0; i < m->step->n_out; i++)
        oq_slot_share(m->runner, &m->results[(size_t)i * m->n + t], slot_of(m, m->body->graph->outputs[i]));
    clear_body(m);
    return OQ_OK;
}

static oq_status deliver(const mapping *m, int i)
{
    oq_array *elements;
    oq_block *block = oq_block_take(m->runner->heap, (m->n + 1) * sizeof *elements);
    oq_status status;
    size_t size;

    if (!block)
        FAIL(m, OQ_LIMIT, "no memory for %zu results", m->n);
    elements = oq_block_data(block);
    for (size_t t = 0; t < m->n; t++)
        elements[t] = m->results[(size_t)i * m->n + t].array;
    if (!oq_sequence_size(elements, m->n, &size)) {
        oq_block_drop(m->runner->heap, block);
        FAIL(m, OQ_UNSUPPORTED, "its results are strings, sequences or too big");
    }
    status = oq_slot_alloc(m->runner, slot_of(m, m->step->out[i]), OQ_SEQUENCE, (int64_t[]){(int64_t)size}, 1,
                           m->step->node, m->diag);
    if (status == OQ_OK)
        oq_sequence_fill(elements, m->n, slot_of(m, m->step->out[i])->array.data);
    oq_block_drop(m->runner->heap, block);
    return status;
}

static oq_status run(mapping *m)
{
    for (size_t t = 0; t < m->n; t++)
        OQ_TRY(turn(m, t));
    for (int i = 0; i < m->step->n_out; i++) {
        if (m->step->out[i] && m->step->wanted[i])
            OQ_TRY(deliver(m, i));
    }
    return OQ_OK;
}

oq_status oq_run_sequence_map(oq_runner *runner, const oq_step *step, oq_diag *diag)
{
    mapping m = {.runner = runner, .step = step, .body = step->bodies[0], .diag = diag};
    const oq_slot *first = slot_of(&m, step->in[0]);
    size_t n_results, size;
    oq_status status;

    if (!oq_is_sequence(&first->array))
        FAIL(&m, OQ_SHAPE, "its first input is no sequence");
    m.n = oq_sequence_count(&first->array);
    n_results = m.n * (size_t)step->n_out;
    size = n_results * sizeof *m.results;
    m.storage = oq_block_take(runner->heap, size);
    if (!m.storage)
        FAIL(&m, OQ_LIMIT, "no memory for %zu results", n_results);
    m.results = oq_block_data(m.storage);
    memset(m.results, 0, size);
    status = run(&m);
    for (size_t i = 0; i < n_results; i++)
        oq_slot_clear(runner, &m.results[i]);
    oq_block_drop(runner->heap, m.storage);
    return status;
}
