/* pb: small models written by hand, for tests. Each function appends to a buffer; messages are built inside
 * out. */
#ifndef OQ_TESTS_ONNX_PB_H
#define OQ_TESTS_ONNX_PB_H

#include <stdint.h>
#include <string.h>

#include "base/buf.h"

static inline void pb_number(oq_buf *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        oq_buf_byte(out, (unsigned char)(v | 0x80));
    oq_buf_byte(out, (unsigned char)v);
}

static inline void pb_varint(oq_buf *out, unsigned field, int64_t v)
{
    pb_number(out, (uint64_t)field << 3);
    pb_number(out, (uint64_t)v);
}

static inline void pb_bytes(oq_buf *out, unsigned field, const void *data, size_t size)
{
    pb_number(out, (uint64_t)field << 3 | 2);
    pb_number(out, size);
    oq_buf_append(out, data, size);
}

static inline void pb_text(oq_buf *out, unsigned field, const char *text)
{
    pb_bytes(out, field, text, strlen(text));
}

/* Append message as a field, and empty it. */
static inline void pb_message(oq_buf *out, unsigned field, oq_buf *message)
{
    pb_bytes(out, field, message->data, message->size);
    oq_buf_free(message);
}

/* A float32 input, output or value_info of shape [n]; n < 0: no shape; n == 0: dim_param "N". */
static inline void pb_value_info(oq_buf *graph, unsigned field, const char *name, int n)
{
    oq_buf info = {0}, type = {0}, tensor = {0}, shape = {0}, dim = {0};

    pb_varint(&tensor, 1, 1);
    if (n > 0)
        pb_varint(&dim, 1, n);
    if (n == 0)
        pb_text(&dim, 2, "N");
    if (n >= 0) {
        pb_message(&shape, 1, &dim);
        pb_message(&tensor, 2, &shape);
    }
    pb_message(&type, 1, &tensor);
    pb_text(&info, 1, name);
    pb_message(&info, 2, &type);
    pb_message(graph, field, &info);
}

/* dims and type of a tensor; the caller adds the payload. rank 0 or 1. */
static inline void pb_tensor_head(oq_buf *tensor, const char *name, int dtype, int64_t n)
{
    if (n >= 0)
        pb_varint(tensor, 1, n);
    pb_varint(tensor, 2, dtype);
    pb_text(tensor, 8, name);
}

static inline void pb_floats(oq_buf *graph, unsigned field, const char *name, const float *values, int64_t n)
{
    oq_buf tensor = {0};

    pb_tensor_head(&tensor, name, 1, n);
    pb_bytes(&tensor, 9, values, (size_t)n * sizeof *values);
    pb_message(graph, field, &tensor);
}

/* A node with up to two inputs (NULL: none) and one output. attrs: encoded attribute fields, may be NULL. */
static inline void pb_node(oq_buf *graph, const char *op, const char *in0, const char *in1, const char *out,
                           const oq_buf *attrs)
{
    oq_buf node = {0};

    if (in0)
        pb_text(&node, 1, in0);
    if (in1)
        pb_text(&node, 1, in1);
    if (out)
        pb_text(&node, 2, out);
    pb_text(&node, 4, op);
    if (attrs)
        oq_buf_append(&node, attrs->data, attrs->size);
    pb_message(graph, 1, &node);
}

/* Wrap a graph: IR version, one opset, the graph (emptied). */
static inline void pb_model(oq_buf *model, int ir_version, int opset, oq_buf *graph)
{
    oq_buf set = {0};

    pb_varint(model, 1, ir_version);
    pb_message(model, 7, graph);
    pb_text(&set, 1, "");
    pb_varint(&set, 2, opset);
    pb_message(model, 8, &set);
}

#endif
