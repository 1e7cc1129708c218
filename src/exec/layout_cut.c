/* layout_cut: maximum flow by shortest augmenting paths (Edmonds and Karp); what the source still reaches
 * when no path is left is its side of the minimum cut. Networks have a few nodes per step of a program.
 */
#include "exec/layout_cut.h"

#include <assert.h>

bool oq_cut_init(oq_cut *cut, oq_arena *arena, int cap_nodes, int cap_edges)
{
    *cut = (oq_cut){.arena = arena, .cap_nodes = cap_nodes, .cap_edges = 2 * cap_edges};
    cut->first = OQ_NEW_ARRAY(arena, int, cap_nodes);
    cut->path = OQ_NEW_ARRAY(arena, int, cap_nodes);
    cut->queue = OQ_NEW_ARRAY(arena, int, cap_nodes);
    cut->edges = OQ_NEW_ARRAY(arena, oq_cut_edge, cut->cap_edges);
    if (!cut->first || !cut->path || !cut->queue || !cut->edges)
        return false;
    oq_cut_node(cut);
    oq_cut_node(cut);
    return true;
}

int oq_cut_node(oq_cut *cut)
{
    assert(cut->n_nodes < cut->cap_nodes);
    cut->first[cut->n_nodes] = -1;
    return cut->n_nodes++;
}

static void add_half(oq_cut *cut, int from, int to, int64_t capacity)
{
    assert(cut->n_edges < cut->cap_edges);
    cut->edges[cut->n_edges] = (oq_cut_edge){.to = to, .next = cut->first[from], .left = capacity};
    cut->first[from] = cut->n_edges++;
}

void oq_cut_edge_add(oq_cut *cut, int from, int to, int64_t cost)
{
    add_half(cut, from, to, cost);
    add_half(cut, to, from, 0);
}

/* Breadth first from the source along edges with capacity left; true when the sink was reached. */
static bool find_path(oq_cut *cut)
{
    int head = 0, tail = 0;

    for (int i = 0; i < cut->n_nodes; i++)
        cut->path[i] = -1;
    cut->path[OQ_CUT_SOURCE] = cut->n_edges; /* reached, by no edge */
    cut->queue[tail++] = OQ_CUT_SOURCE;
    while (head < tail) {
        int node = cut->queue[head++];

        for (int e = cut->first[node]; e >= 0; e = cut->edges[e].next) {
            int to = cut->edges[e].to;

            if (cut->edges[e].left <= 0 || cut->path[to] >= 0)
                continue;
            cut->path[to] = e;
            if (to == OQ_CUT_SINK)
                return true;
            cut->queue[tail++] = to;
        }
    }
    return false;
}

static void use_path(oq_cut *cut)
{
    int64_t flow = OQ_CUT_NEVER;

    for (int node = OQ_CUT_SINK; node != OQ_CUT_SOURCE; node = cut->edges[cut->path[node] ^ 1].to) {
        int64_t left = cut->edges[cut->path[node]].left;

        flow = left < flow ? left : flow;
    }
    for (int node = OQ_CUT_SINK; node != OQ_CUT_SOURCE; node = cut->edges[cut->path[node] ^ 1].to) {
        cut->edges[cut->path[node]].left -= flow;
        cut->edges[cut->path[node] ^ 1].left += flow;
    }
}

void oq_cut_solve(oq_cut *cut)
{
    while (find_path(cut))
        use_path(cut);
}

bool oq_cut_is_source(const oq_cut *cut, int node)
{
    return cut->path[node] >= 0;
}
