/* import_order: topological order of a graph as it came from a file.
 *
 * A node waits for what it reads and for what the subgraphs below it capture. Files should be in order
 * already; one that is not is sorted (Kahn's algorithm, always taking the node that stands first in the file,
 * so what was in order stays so). oq_graph_sort() looks at direct inputs only, which is not enough here.
 */
#include <stdlib.h>
#include <string.h>

#include "onnx/importer.h"

typedef struct {
    oq_graph *graph;
    size_t n;
    oq_node **nodes; /* in file order */
    int *position;   /* by node id: index in nodes */
    int *n_missing;  /* by index: reads of nodes that are not placed yet */
    int *heap;       /* indices of nodes that are ready, the smallest on top */
    size_t n_ready;
} sorter;

/* The node of graph that stands for a reader: itself, or the node whose subgraph it sits in. */
static oq_node *stand_in(const oq_graph *graph, oq_node *reader)
{
    while (reader && reader->graph != graph)
        reader = reader->graph->parent_node;
    return reader;
}

static bool is_ordered(const sorter *s)
{
    for (size_t i = 0; i < s->n; i++) {
        for (int k = 0; k < s->nodes[i]->n_outputs; k++) {
            const oq_value *value = s->nodes[i]->outputs[k];

            for (int u = 0; value && u < value->n_uses; u++) {
                const oq_node *reader = stand_in(s->graph, value->uses[u].node);

                if (reader && s->position[reader->id] <= (int)i)
                    return false;
            }
        }
    }
    return true;
}

static void push(sorter *s, int index)
{
    size_t i = s->n_ready++;

    for (; i && s->heap[(i - 1) / 2] > index; i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = index;
}

static int pop(sorter *s)
{
    int top = s->heap[0], last = s->heap[--s->n_ready];
    size_t i = 0;

    for (;;) {
        size_t child = 2 * i + 1;

        if (child + 1 < s->n_ready && s->heap[child + 1] < s->heap[child])
            child++;
        if (child >= s->n_ready || s->heap[child] >= last)
            break;
        s->heap[i] = s->heap[child];
        i = child;
    }
    s->heap[i] = last;
    return top;
}

/* Change the count of every reader of node by step; with step -1, readers that wait for nothing more are
 * ready. */
static void count_readers(sorter *s, const oq_node *node, int step)
{
    for (int k = 0; k < node->n_outputs; k++) {
        const oq_value *value = node->outputs[k];

        for (int u = 0; value && u < value->n_uses; u++) {
            const oq_node *reader = stand_in(s->graph, value->uses[u].node);
            int index = reader ? s->position[reader->id] : -1;

            if (index < 0)
                continue;
            s->n_missing[index] += step;
            if (step < 0 && s->n_missing[index] == 0)
                push(s, index);
        }
    }
}

static oq_status sort(sorter *s, oq_diag *diag)
{
    size_t n_placed = 0;

    for (size_t i = 0; i < s->n; i++)
        count_readers(s, s->nodes[i], 1);
    for (size_t i = 0; i < s->n; i++) {
        if (s->n_missing[i] == 0)
            push(s, (int)i);
    }
    for (; s->n_ready; n_placed++) {
        oq_node *node = s->nodes[pop(s)];

        oq_node_move_before(node, NULL);
        count_readers(s, node, -1);
    }
    for (size_t i = 0; n_placed < s->n && i < s->n; i++) {
        char text[256];

        if (s->n_missing[i] > 0)
            OQ_FAIL(diag, OQ_FORMAT, "the graph has a cycle: %s waits for its own result",
                    oq_node_text(s->nodes[i], text, sizeof text));
    }
    return OQ_OK;
}

oq_status oq_import_order(oq_importer *im, oq_graph *graph)
{
    sorter s = {.graph = graph, .n = (size_t)graph->n_nodes};
    size_t i = 0;

    s.nodes = OQ_NEW_ARRAY(im->scratch, oq_node *, s.n);
    s.n_missing = OQ_NEW_ARRAY(im->scratch, int, s.n);
    s.heap = OQ_NEW_ARRAY(im->scratch, int, s.n);
    s.position = im->position;
    if (!s.nodes || !s.n_missing || !s.heap)
        OQ_FAIL(im->diag, OQ_NOMEM, "out of memory while ordering the graph");
    OQ_FOR_EACH_NODE (graph, node) {
        s.position[node->id] = (int)i;
        s.nodes[i++] = node;
    }
    if (is_ordered(&s))
        return OQ_OK;
    OQ_TRY(sort(&s, im->diag));
    im->n_sorted++;
    oq_import_note(im, "the nodes of graph '%s' were not in order; they have been sorted", graph->name);
    return OQ_OK;
}
