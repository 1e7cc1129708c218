#include "exec/integer.h"

oq_status oq_find_units(oq_graph *graph, oq_arena *arena, oq_arena *scratch, oq_units **out, oq_diag *diag)
{
    (void)graph;
    (void)arena;
    (void)scratch;
    *out = NULL;
    OQ_FAIL(diag, OQ_UNSUPPORTED, "integer execution is not built in yet");
}

const oq_unit *oq_unit_of(const oq_units *units, const oq_node *node)
{
    (void)units;
    (void)node;
    return NULL;
}

bool oq_unit_absorbs(const oq_units *units, const oq_node *node)
{
    (void)units;
    (void)node;
    return false;
}
