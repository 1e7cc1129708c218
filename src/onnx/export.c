#include "config.h"

#include "onnx/export.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "onnx/exporter.h"
#include "onnx/external.h"
#include "onnx/import.h"

#define MESSAGE_LIMIT (size_t) INT_MAX /* of protobuf */

/* Field numbers of ModelProto. */
enum {
    MODEL_IR_VERSION = 1,
    MODEL_PRODUCER_NAME = 2,
    MODEL_PRODUCER_VERSION = 3,
    MODEL_GRAPH = 7,
    MODEL_OPSET_IMPORT = 8,
    MODEL_METADATA = 14,
    MODEL_TRAINING_INFO = 20,
    MODEL_FUNCTIONS = 25
};

/* ------------------------------------------------------------------ the model message */

static bool is_domain(oq_string text, const char *domain)
{
    if (text.size == 7 && memcmp(text.data, "ai.onnx", 7) == 0)
        text.size = 0;
    return strlen(domain) == text.size && memcmp(domain, text.data, text.size) == 0;
}

static uint64_t find_varint(oq_bytes message, uint32_t number)
{
    oq_wire_cursor cursor = {message.data, message.data + message.size};
    uint64_t value = 0;
    oq_wire_field f;

    while (message.data && oq_wire_next(&cursor, &f) == OQ_WIRE_OK) {
        if (f.number == number && f.type == OQ_WIRE_VARINT)
            value = f.value;
    }
    return value;
}

static void emit_opset(oq_exporter *x, oq_string domain, int64_t version, oq_rope *out)
{
    oq_rope entry = oq_rope_new(x);

    oq_rope_bytes(&entry, 1, domain.data, domain.size);
    oq_rope_varint(&entry, 2, (uint64_t)version);
    oq_rope_message(out, MODEL_OPSET_IMPORT, &entry);
}

/* Walk the origin's entries of one repeated field. True while there are more. */
static bool next_entry(oq_wire_cursor *cursor, uint32_t number, oq_wire_field *f)
{
    while (cursor->at && oq_wire_next(cursor, f) == OQ_WIRE_OK) {
        if (f->number == number)
            return true;
    }
    return false;
}

static oq_wire_cursor entries_of(const oq_model *model)
{
    return (oq_wire_cursor){model->origin.data, model->origin.data + model->origin.size};
}

static void copy_field(const oq_wire_field *f, oq_rope *out)
{
    oq_rope_borrow(out, f->start, (size_t)(f->data + f->size - f->start));
}

static void copy_all(const oq_exporter *x, uint32_t number, oq_rope *out)
{
    oq_wire_cursor cursor = entries_of(x->model);
    oq_wire_field f;

    while (next_entry(&cursor, number, &f))
        copy_field(&f, out);
}

/* Entries as they were while the version is the same, in the same order and spelling; new domains behind. */
static void emit_opsets(oq_exporter *x, oq_rope *out)
{
    const oq_model *model = x->model;
    oq_wire_cursor cursor = entries_of(model);
    oq_wire_field f;

    while (next_entry(&cursor, MODEL_OPSET_IMPORT, &f)) {
        oq_bytes entry = {f.data, f.size};
        oq_string domain = oq_export_find_text(entry, 1);

        for (int i = 0; i < model->n_opsets; i++) {
            if (!is_domain(domain, model->opsets[i].domain))
                continue;
            if ((uint64_t)model->opsets[i].version == find_varint(entry, 2))
                copy_field(&f, out);
            else
                emit_opset(x, domain, model->opsets[i].version, out);
        }
    }
    for (int i = 0; i < model->n_opsets; i++) {
        const char *domain = model->opsets[i].domain;
        bool was_there = false;

        cursor = entries_of(model);
        while (!was_there && next_entry(&cursor, MODEL_OPSET_IMPORT, &f))
            was_there = is_domain(oq_export_find_text((oq_bytes){f.data, f.size}, 1), domain);
        if (!was_there)
            emit_opset(x, (oq_string){domain, strlen(domain)}, model->opsets[i].version, out);
    }
}

static void emit_property(oq_exporter *x, const oq_property *property, oq_rope *out)
{
    oq_rope entry = oq_rope_new(x);

    oq_rope_text(&entry, 1, property->key);
    oq_rope_text(&entry, 2, property->value);
    oq_rope_message(out, MODEL_METADATA, &entry);
}

/* Ours in place of an entry of the same key (the first of them), the others as they were, new ones behind. */
static oq_status emit_metadata(oq_exporter *x, oq_rope *out)
{
    const oq_model *model = x->model;
    bool *done = OQ_NEW_ARRAY(x->arena, bool, model->n_properties);
    oq_wire_cursor cursor = entries_of(model);
    oq_wire_field f;

    if (!done)
        OQ_FAIL(x->diag, OQ_NOMEM, "out of memory for metadata");
    while (next_entry(&cursor, MODEL_METADATA, &f)) {
        oq_string key = oq_export_find_text((oq_bytes){f.data, f.size}, 1);
        int i = 0;

        while (i < model->n_properties && (strlen(model->properties[i].key) != key.size ||
                                           memcmp(model->properties[i].key, key.data, key.size) != 0))
            i++;
        if (i == model->n_properties) {
            copy_field(&f, out);
        } else if (!done[i]) {
            done[i] = true;
            emit_property(x, &model->properties[i], out);
        }
    }
    for (int i = 0; i < model->n_properties; i++) {
        if (!done[i])
            emit_property(x, &model->properties[i], out);
    }
    return OQ_OK;
}

static oq_status emit_model_field(oq_exporter *x, const void *object, uint32_t number,
                                  const oq_wire_field *was, oq_rope *out)
{
    const oq_model *model = object;
    oq_rope graph = oq_rope_new(x);

    switch (number) {
    case MODEL_IR_VERSION:
        if (was && was->value == (uint64_t)model->ir_version)
            copy_field(was, out);
        else
            oq_rope_varint(out, number, (uint64_t)model->ir_version);
        break;
    case MODEL_PRODUCER_NAME: oq_export_text(out, number, model->producer_name, was); break;
    case MODEL_PRODUCER_VERSION: oq_export_text(out, number, model->producer_version, was); break;
    case MODEL_GRAPH:
        OQ_TRY(oq_export_graph(x, model->graph, &graph));
        oq_rope_message(out, number, &graph);
        break;
    case MODEL_OPSET_IMPORT: emit_opsets(x, out); break;
    case MODEL_METADATA: return emit_metadata(x, out);
    case MODEL_FUNCTIONS:
        if (model->n_functions)
            copy_all(x, number, out);
        break;
    case MODEL_TRAINING_INFO:
        /* It names initializers of the graph, and would say wrong things of a changed one. */
        if (oq_graph_is_plain(x, model->graph))
            copy_all(x, number, out);
        break;
    default: break;
    }
    return OQ_OK;
}

static bool is_text(oq_string text, const char *other)
{
    return text.size == strlen(other) && memcmp(text.data, other, text.size) == 0;
}

static bool is_model_plain(const oq_exporter *x)
{
    const oq_model *model = x->model;

    return model->origin.data && !model->is_changed &&
           find_varint(model->origin, MODEL_IR_VERSION) == (uint64_t)model->ir_version &&
           is_text(oq_export_find_text(model->origin, MODEL_PRODUCER_NAME), model->producer_name) &&
           is_text(oq_export_find_text(model->origin, MODEL_PRODUCER_VERSION), model->producer_version) &&
           oq_graph_is_plain(x, model->graph);
}

static oq_status encode(oq_exporter *x, oq_rope *out)
{
    static const uint32_t managed[] = {MODEL_IR_VERSION,    MODEL_PRODUCER_NAME, MODEL_PRODUCER_VERSION,
                                       MODEL_GRAPH,         MODEL_OPSET_IMPORT,  MODEL_METADATA,
                                       MODEL_TRAINING_INFO, MODEL_FUNCTIONS};
    const oq_model *model = x->model;

    x->leaves_ir3 =
        model->origin.data && find_varint(model->origin, MODEL_IR_VERSION) < 4 && model->ir_version >= 4;
    *out = oq_rope_new(x);
    x->data = oq_rope_new(x);
    if (is_model_plain(x))
        oq_rope_borrow(out, model->origin.data, model->origin.size);
    else
        OQ_TRY(oq_export_merge(x, model->origin, managed, sizeof managed / sizeof *managed, emit_model_field,
                               model, out));
    if (out->failed || x->data.failed)
        OQ_FAIL(x->diag, OQ_NOMEM, "out of memory while encoding the model");
    return OQ_OK;
}

/* ------------------------------------------------------------------ the data file */

static oq_status find_external(oq_graph *graph, void *arg)
{
    bool *found = arg;

    for (int i = 0; i < graph->n_initializers; i++)
        *found |= graph->initializers[i]->constant->is_external;
    OQ_FOR_EACH_NODE (graph, node) {
        for (int i = 0; i < node->n_attrs; i++) {
            const oq_attr *attr = &node->attrs[i];

            *found |= attr->tensor && attr->tensor->is_external;
            for (size_t k = 0; attr->tensors && k < attr->n; k++)
                *found |= attr->tensors[k]->is_external;
        }
    }
    return OQ_OK;
}

static bool has_external(const oq_model *model)
{
    bool found = false;

    oq_graph_walk(model->graph, find_external, &found);
    return found;
}

/* PATH.data, or PATH.1.data and so on when the input model still reads from a file of that name: that one
 * must stay as it is, or the input would be destroyed by reading it. NULL: out of memory. */
static char *data_path(const oq_exporter *x, const char *path)
{
    size_t n = strlen(path);
    struct stat st;

    if (n > 3 && strcmp(path + n - 3, ".gz") == 0)
        n -= 3;
    for (int i = 0;; i++) {
        char *name = i ? oq_arena_printf(x->arena, "%.*s.%d.data", (int)n, path, i)
                       : oq_arena_printf(x->arena, "%.*s.data", (int)n, path);

        if (!name || stat(name, &st) != 0 || !oq_model_reads_file(x->model, &st))
            return name;
    }
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static oq_status choose_data_file(oq_exporter *x, const char *path, const char **data_file)
{
    if (strcmp(path, "-") == 0)
        OQ_FAIL(x->diag, OQ_ARG,
                "a model with external data cannot go to standard output; name an output file");
    *data_file = data_path(x, path);
    if (!*data_file)
        OQ_FAIL(x->diag, OQ_NOMEM, "out of memory");
    x->location = base_name(*data_file);
    /* onnx.checker and ONNX Runtime refuse any location with ".." in it, even inside a name. */
    if (strstr(x->location, ".."))
        OQ_FAIL(x->diag, OQ_ARG, "a file with external data cannot have '..' in its name: '%s'", x->location);
    return OQ_OK;
}

/* Encode, with tensors in a data file if asked for or needed. data_file: its path, or NULL. */
static oq_status encode_for(oq_exporter *x, const char *path, oq_external_data policy, const char **data_file,
                            oq_rope *out)
{
    bool outside = policy == OQ_EXTERNAL_ALWAYS || (policy == OQ_EXTERNAL_AUTO && has_external(x->model));

    *data_file = NULL;
    if (outside)
        OQ_TRY(choose_data_file(x, path, data_file));
    OQ_TRY(encode(x, out));
    if (out->size > MESSAGE_LIMIT && policy == OQ_EXTERNAL_AUTO && !outside) {
        OQ_TRY(choose_data_file(x, path, data_file));
        OQ_TRY(encode(x, out));
    }
    if (out->size > MESSAGE_LIMIT)
        OQ_FAIL(x->diag, OQ_LIMIT, "the model has %zu bytes; from 2 GiB on it needs external data",
                out->size);
    if (!x->data.size)
        *data_file = NULL;
    return OQ_OK;
}

/* ------------------------------------------------------------------ files */

static oq_status write_rope(const char *path, const oq_rope *rope, oq_writer **writer, oq_diag *diag)
{
    oq_status status = oq_writer_open(path, writer, diag);

    if (status != OQ_OK)
        return status;
    for (const oq_rope_piece *piece = rope->first; piece && status == OQ_OK; piece = piece->next)
        status = oq_writer_write(*writer, piece->data, piece->size, diag);
    if (status != OQ_OK) {
        oq_writer_abort(*writer);
        *writer = NULL;
    }
    return status;
}

/* Write both files fully before either appears. The data file appears first: a model never names data that is
 * not there yet. */
static oq_status write_both(const char *path, const oq_rope *model, const char *data_path,
                            const oq_rope *data, oq_diag *diag)
{
    oq_writer *data_writer = NULL, *writer = NULL;
    bool is_new = data_path && access(data_path, F_OK) != 0;
    oq_status status = data_path ? write_rope(data_path, data, &data_writer, diag) : OQ_OK;

    if (status == OQ_OK)
        status = write_rope(path, model, &writer, diag);
    if (status != OQ_OK) {
        oq_writer_abort(data_writer);
        return status;
    }
    if (data_path)
        status = oq_writer_commit(data_writer, diag);
    if (status != OQ_OK) {
        oq_writer_abort(writer);
        return status;
    }
    status = oq_writer_commit(writer, diag);
    if (status != OQ_OK && is_new)
        unlink(data_path);
    return status;
}

static oq_status start(oq_exporter *x)
{
    x->arena = oq_arena_new(0);
    if (!x->arena)
        OQ_FAIL(x->diag, OQ_NOMEM, "out of memory");
    return OQ_OK;
}

oq_status oq_export_file(const oq_model *model, const char *path, const oq_export_options *options,
                         oq_diag *diag)
{
    oq_exporter x = {.model = model, .diag = diag};
    const char *data_file;
    oq_rope rope;
    oq_status status;

    OQ_TRY(start(&x));
    status = encode_for(&x, path, options ? options->external_data : OQ_EXTERNAL_AUTO, &data_file, &rope);
    if (status == OQ_OK)
        status = write_both(path, &rope, data_file, &x.data, diag);
    if (status == OQ_OK && options && options->model_size)
        *options->model_size = rope.size;
    if (status == OQ_OK && options && options->data_size)
        *options->data_size = data_file ? x.data.size : 0;
    oq_arena_free(x.arena);
    return status;
}

oq_status oq_export_memory(const oq_model *model, oq_buf *out, oq_diag *diag)
{
    oq_exporter x = {.model = model, .diag = diag};
    const char *data_file;
    oq_rope rope;
    oq_status status;

    OQ_TRY(start(&x));
    status = encode_for(&x, "-", OQ_EXTERNAL_NEVER, &data_file, &rope);
    for (const oq_rope_piece *piece = rope.first; status == OQ_OK && piece; piece = piece->next)
        oq_buf_append(out, piece->data, piece->size);
    oq_arena_free(x.arena);
    if (status == OQ_OK && out->failed)
        OQ_FAIL(diag, OQ_NOMEM, "out of memory for %zu bytes", rope.size);
    return status;
}
