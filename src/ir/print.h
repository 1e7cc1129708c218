/* print: stable text of a graph, one node per line, for --print-after, golden tests and bug reports. */
#ifndef OQ_IR_PRINT_H
#define OQ_IR_PRINT_H

#include "base/buf.h"
#include "ir/ir.h"

void oq_graph_print(const oq_graph *graph, oq_buf *out);
/* "node 'Conv_3' (Conv-11)", or "node #7 (Conv-11)" for a node without a name: for messages. Returns text. */
const char *oq_node_text(const oq_node *node, char *text, size_t size);

#endif
