/* units: the table of units of one graph. */
#ifndef OQ_EXEC_UNITS_H
#define OQ_EXEC_UNITS_H

#include "exec/unit.h"

struct oq_units {
    oq_unit **by_node; /* by node id: the unit whose compute node it is */
    bool *absorbed;    /* by node id */
    int n_nodes;
    int pending[2], n_pending; /* nodes the unit at hand absorbs, once it is known to be one */
};

/* Note that the unit at hand takes node (NULL is fine). */
void oq_units_absorb(oq_units *units, const oq_node *node);

#endif
