#include "ir/print.h"

#include <inttypes.h>
#include <stdio.h>

#include "ir/graph.h"
#include "ir/shape.h"
#include "ir/tensor.h"

const char *oq_node_text(const oq_node *node, char *text, size_t size)
{
    const char *dot = node->domain[0] ? "." : "";

    if (node->name[0])
        snprintf(text, size, "node '%s' (%s%s%s-%d)", node->name, node->domain, dot, node->op_type,
                 node->opset);
    else
        snprintf(text, size, "node #%d (%s%s%s-%d)", node->id, node->domain, dot, node->op_type, node->opset);
    return text;
}

static void print_value(const oq_value *value, oq_buf *out)
{
    char text[512];

    if (!value) {
        oq_buf_printf(out, "-");
        return;
    }
    oq_buf_printf(out, "%%%s:%s%s", value->name, oq_dtype_name(value->dtype),
                  oq_shape_text(&value->shape, text, sizeof text));
}

static uint64_t digest(const oq_tensor *tensor)
{
    const unsigned char *p = tensor->data;
    uint64_t h = 14695981039346656037u; /* FNV-1a */

    if (tensor->dtype == OQ_STRING)
        return 0;
    for (size_t i = 0; i < tensor->size; i++)
        h = (h ^ p[i]) * 1099511628211u;
    return h;
}

static void print_attr(const oq_attr *attr, oq_buf *out)
{
    oq_buf_printf(out, " %s=", attr->name);
    switch (attr->kind) {
    case OQ_ATTR_FLOAT: oq_buf_printf(out, "%.9g", (double)attr->f); break;
    case OQ_ATTR_INT: oq_buf_printf(out, "%" PRId64, attr->i); break;
    case OQ_ATTR_STRING: oq_buf_printf(out, "\"%.*s\"", (int)attr->s.size, attr->s.data); break;
    case OQ_ATTR_TENSOR:
        if (attr->tensor)
            oq_buf_printf(out, "%s#%016" PRIx64, oq_dtype_name(attr->tensor->dtype), digest(attr->tensor));
        break;
    case OQ_ATTR_INTS:
        for (size_t i = 0; i < attr->n; i++)
            oq_buf_printf(out, "%s%" PRId64, i ? "," : "[", attr->ints[i]);
        oq_buf_printf(out, "%s", attr->n ? "]" : "[]");
        break;
    case OQ_ATTR_FLOATS:
        for (size_t i = 0; i < attr->n; i++)
            oq_buf_printf(out, "%s%.9g", i ? "," : "[", (double)attr->floats[i]);
        oq_buf_printf(out, "%s", attr->n ? "]" : "[]");
        break;
    case OQ_ATTR_GRAPH: oq_buf_printf(out, "graph"); break;
    default: oq_buf_printf(out, "<kind %d, %zu>", (int)attr->kind, attr->n); break;
    }
}

static void print_graph(const oq_graph *graph, int indent, oq_buf *out);

static void print_node(const oq_node *node, int indent, oq_buf *out)
{
    oq_buf_printf(out, "%*s", indent, "");
    for (int i = 0; i < node->n_outputs; i++) {
        oq_buf_printf(out, "%s", i ? ", " : "");
        print_value(node->outputs[i], out);
    }
    oq_buf_printf(out, " = %s%s%s@%d(", node->domain, node->domain[0] ? "." : "", node->op_type, node->opset);
    for (int i = 0; i < node->n_inputs; i++)
        oq_buf_printf(out, "%s%s%s", i ? ", " : "", node->inputs[i] ? "%" : "-",
                      node->inputs[i] ? node->inputs[i]->name : "");
    oq_buf_printf(out, ")");
    for (int i = 0; i < node->n_attrs; i++)
        print_attr(&node->attrs[i], out);
    if (node->name[0])
        oq_buf_printf(out, " '%s'", node->name);
    oq_buf_printf(out, "\n");
    for (int i = 0; i < node->n_attrs; i++) {
        if (node->attrs[i].graph)
            print_graph(node->attrs[i].graph, indent + 2, out);
    }
}

static void print_graph(const oq_graph *graph, int indent, oq_buf *out)
{
    oq_buf_printf(out, "%*sgraph %s\n", indent, "", graph->name);
    for (int i = 0; i < graph->n_inputs; i++) {
        oq_buf_printf(out, "%*sinput ", indent, "");
        print_value(graph->inputs[i], out);
        oq_buf_printf(out, "\n");
    }
    for (int i = 0; i < graph->n_initializers; i++) {
        oq_buf_printf(out, "%*sinitializer ", indent, "");
        print_value(graph->initializers[i], out);
        oq_buf_printf(out, " #%016" PRIx64 "\n", digest(graph->initializers[i]->constant));
    }
    OQ_FOR_EACH_NODE (graph, node)
        print_node(node, indent, out);
    for (int i = 0; i < graph->n_outputs; i++) {
        oq_buf_printf(out, "%*soutput ", indent, "");
        print_value(graph->outputs[i], out);
        oq_buf_printf(out, "\n");
    }
}

void oq_graph_print(const oq_graph *graph, oq_buf *out)
{
    print_graph(graph, 0, out);
}
