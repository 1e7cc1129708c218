/* Minimum cuts against all cuts of small random networks. */
#include "exec/layout_cut.h"

#include "base/rng.h"
#include "tap/tap.h"

enum { NODES = 8, EDGES = 20 };

typedef struct edge {
    int from, to;
    int64_t cost;
} edge;

static int64_t cost_of(const edge *edges, unsigned source_side)
{
    int64_t cost = 0;

    for (int e = 0; e < EDGES; e++) {
        if ((source_side >> edges[e].from & 1) && !(source_side >> edges[e].to & 1))
            cost += edges[e].cost;
    }
    return cost;
}

int main(void)
{
    oq_rng rng = {4};
    oq_arena *arena = oq_arena_new(0);
    int n_wrong = 0, n_greedy = 0;

    for (int round = 0; round < 200; round++) {
        edge edges[EDGES];
        oq_cut cut;
        unsigned mine = 0;
        int64_t best = INT64_MAX;
        int fewest = NODES;

        if (!oq_cut_init(&cut, arena, NODES, EDGES))
            tap_bail("out of memory");
        while (cut.n_nodes < NODES)
            oq_cut_node(&cut);
        for (int e = 0; e < EDGES; e++) {
            edges[e] = (edge){(int)oq_rng_below(&rng, NODES), (int)oq_rng_below(&rng, NODES),
                              (int64_t)oq_rng_below(&rng, 9)};
            if (edges[e].from == edges[e].to)
                edges[e].cost = 0;
            oq_cut_edge_add(&cut, edges[e].from, edges[e].to, edges[e].cost);
        }
        oq_cut_solve(&cut);
        for (int i = 0; i < NODES; i++)
            mine |= oq_cut_is_source(&cut, i) ? 1u << i : 0;
        for (unsigned side = 0; side < 1u << NODES; side++) {
            int64_t cost = cost_of(edges, side);
            int count = __builtin_popcount(side);

            if (!(side >> OQ_CUT_SOURCE & 1) || side >> OQ_CUT_SINK & 1)
                continue;
            if (cost < best || (cost == best && count < fewest)) {
                fewest = count;
                best = cost;
            }
        }
        n_wrong += cost_of(edges, mine) != best;
        n_greedy += __builtin_popcount(mine) != fewest;
        oq_arena_reset(arena);
    }
    is_int(n_wrong, 0, "the cut found is a cheapest one");
    is_int(n_greedy, 0, "and of those the one with the fewest nodes at the source");
    oq_arena_free(arena);
    return tap_done();
}
