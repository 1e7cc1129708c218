#include "config.h"

#include "onnx/import.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sha256.h"
#include "onnx/importer.h"

#define DEFAULT_MESSAGES ((size_t)4000000)
#define DEFAULT_UNPACKED ((size_t)1 << 30)
#define MAX_DOMAINS      256 /* each node looks through them */
#define NEWEST_IR        14
#define MAX_DEPTH        100 /* what Google's parsers allow */

enum { FIELD_FUNCTIONS = 25 }; /* of ModelProto */

/* What keeps the bytes of a model alive. */
typedef struct {
    oq_file file; /* empty when the caller keeps them */
    oq_external external;
} backing;

static void free_backing(void *p)
{
    backing *b = p;

    oq_external_close(&b->external);
    oq_file_close(&b->file);
    free(b);
}

static void release_pages(void *p, const void *data, size_t size)
{
    const backing *b = p;

    oq_file_release(&b->file, data, size);
}

void oq_import_note(const oq_importer *im, const char *fmt, ...)
{
    char text[512];
    va_list args;

    if (!im->options->note)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    im->options->note(im->options->note_arg, text);
}

oq_status oq_import_refuse_external(const oq_importer *im, const oq_span *span, const char *what)
{
    oq_wire_cursor cursor = {span->data, span->data + span->size};
    oq_wire_field f;

    while (span->type == &onnx__tensor_proto__descriptor && oq_wire_next(&cursor, &f) == OQ_WIRE_OK) {
        if (f.number == 14 && f.value == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL)
            OQ_FAIL(im->diag, OQ_UNSUPPORTED,
                    "a tensor in %s keeps its data in another file; load the model with the onnx package and "
                    "save it in "
                    "one piece",
                    what);
    }
    for (const oq_span *child = span->first; child; child = child->next)
        OQ_TRY(oq_import_refuse_external(im, child, what));
    return OQ_OK;
}

/* ------------------------------------------------------------------ protobuf-c */

typedef struct {
    oq_arena *arena;
    bool is_exhausted;
} unpack_memory;

static void *unpack_alloc(void *p, size_t size)
{
    unpack_memory *memory = p;
    void *block = oq_arena_alloc(memory->arena, size);

    memory->is_exhausted |= block == NULL;
    return block;
}

static void unpack_free(void *memory, void *p)
{
    (void)memory; /* everything goes with the arena */
    (void)p;
}

static oq_status unpack(oq_importer *im, const oq_span *root, ProtobufCMessage **out)
{
    unpack_memory memory = {im->scratch, false};
    ProtobufCAllocator allocator = {unpack_alloc, unpack_free, &memory};
    unsigned char *skeleton = malloc(root->skeleton_size ? root->skeleton_size : 1);

    if (!skeleton)
        OQ_FAIL(im->diag, OQ_NOMEM, "out of memory for the structure of the model (%zu bytes)",
                root->skeleton_size);
    oq_wire_skeleton(root, skeleton);
    *out = protobuf_c_message_unpack(root->type, &allocator, root->skeleton_size, skeleton);
    free(skeleton);
    if (memory.is_exhausted)
        OQ_FAIL(im->diag, OQ_NOMEM, "the structure of the model needs more than %zu bytes of memory",
                oq_arena_used(im->scratch));
    if (!*out)
        OQ_FAIL(im->diag, OQ_FORMAT, "the file cannot be decoded as the ONNX format says");
    return OQ_OK;
}

/* Say whose fault it is, in front of what the scan found. */
static void name_the_fault(oq_diag *diag)
{
    char found[OQ_DIAG_TEXT];

    if (!diag || diag->status != OQ_FORMAT)
        return;
    memcpy(found, diag->message, sizeof found);
    snprintf(diag->message, sizeof diag->message, "not an ONNX model: %.900s", found);
}

/* ------------------------------------------------------------------ the model's own fields */

static oq_status check_opset(const oq_importer *im)
{
    int64_t opset = oq_model_opset(im->model, "");

    if (im->options->any_opset)
        return OQ_OK;
    if (!im->model->n_opsets)
        OQ_FAIL(im->diag, OQ_UNSUPPORTED,
                "the model imports no operator set (it dates from before 2017-11); export it again with "
                "opset 13 or newer");
    if (opset && opset < OQ_OPSET_OLDEST)
        OQ_FAIL(im->diag, OQ_UNSUPPORTED,
                "ai.onnx opset %" PRId64
                " is older than %d; export the model again with opset 13 or newer, or lift it "
                "with onnx.version_converter",
                opset, OQ_OPSET_OLDEST);
    if (opset > OQ_OPSET_NEWEST)
        OQ_FAIL(im->diag, OQ_UNSUPPORTED,
                "ai.onnx opset %" PRId64
                " is newer than %d, the newest this version knows; export the model with an "
                "older opset",
                opset, OQ_OPSET_NEWEST);
    return OQ_OK;
}

static oq_status import_opsets(oq_importer *im, const Onnx__ModelProto *proto)
{
    for (size_t i = 0; i < proto->n_opset_import; i++) {
        const Onnx__OperatorSetIdProto *set = proto->opset_import[i];
        const char *domain = set->domain ? set->domain : "";
        int64_t known = oq_model_opset(im->model, domain);

        if (known && known != set->version)
            OQ_FAIL(im->diag, OQ_FORMAT, "the model imports domain '%s' in versions %" PRId64 " and %" PRId64,
                    *domain ? domain : "ai.onnx", known, set->version);
        if (set->version < 1)
            OQ_FAIL(im->diag, OQ_FORMAT, "the model imports domain '%s' in version %" PRId64,
                    *domain ? domain : "ai.onnx", set->version);
        if (!known && im->model->n_opsets == MAX_DOMAINS)
            OQ_FAIL(im->diag, OQ_LIMIT, "the model imports more than %d domains", MAX_DOMAINS);
        if (!known && oq_model_set_opset(im->model, domain, set->version) != OQ_OK)
            OQ_FAIL(im->diag, OQ_NOMEM, "out of memory");
    }
    return check_opset(im);
}

static oq_status import_header(oq_importer *im, const Onnx__ModelProto *proto, const oq_span *root)
{
    oq_model *model = im->model;

    model->ir_version = proto->ir_version;
    model->producer_name = oq_arena_strdup(im->arena, proto->producer_name ? proto->producer_name : "");
    model->producer_version =
        oq_arena_strdup(im->arena, proto->producer_version ? proto->producer_version : "");
    if (!model->producer_name || !model->producer_version)
        OQ_FAIL(im->diag, OQ_NOMEM, "out of memory");
    model->origin = oq_origin_of(root);
    if (!proto->has_ir_version || proto->ir_version < 1)
        OQ_FAIL(im->diag, OQ_FORMAT, "not an ONNX model: no IR version");
    if (!proto->graph)
        OQ_FAIL(im->diag, OQ_FORMAT, "not an ONNX model: no graph");
    if (proto->ir_version > NEWEST_IR)
        oq_import_note(im, "IR version %" PRId64 " is newer than %d; what is unknown in it is kept as it is",
                       proto->ir_version, NEWEST_IR);
    if (oq_span_count(root, 20))
        oq_import_note(im, "the model carries training graphs; they are dropped if the graph is changed");
    return import_opsets(im, proto);
}

/* What the graph functions marked while the graph was made is not a change. */
static void clear_changes(oq_model *model)
{
    for (oq_graph *graph = model->graphs; graph; graph = graph->next_graph) {
        graph->is_changed = false;
        OQ_FOR_EACH_NODE (graph, node)
            node->is_changed = false;
    }
    model->is_changed = false;
}

static oq_status import_functions(oq_importer *im, const oq_span *root)
{
    size_t n = oq_span_count(root, FIELD_FUNCTIONS);
    const oq_span *span = NULL;
    ProtobufCMessage *message = NULL;

    im->model->functions = OQ_NEW_ARRAY(im->arena, oq_function, n);
    if (!im->model->functions)
        OQ_FAIL(im->diag, OQ_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        span = oq_span_child(root, FIELD_FUNCTIONS, span);
        OQ_TRY(unpack(im, span, &message));
        OQ_TRY(oq_import_function(im, (const Onnx__FunctionProto *)message, span, &im->model->functions[i]));
    }
    im->model->n_functions = (int)n;
    return OQ_OK;
}

static oq_status order_graphs(oq_importer *im)
{
    im->position = OQ_NEW_ARRAY(im->scratch, int, im->model->n_nodes);
    if (!im->position)
        OQ_FAIL(im->diag, OQ_NOMEM, "out of memory while ordering the graph");
    for (oq_graph *graph = im->model->graphs; graph; graph = graph->next_graph)
        OQ_TRY(oq_import_order(im, graph));
    return OQ_OK;
}

static oq_status import_model(oq_importer *im, const unsigned char *data, size_t size)
{
    const oq_import_options *o = im->options;
    oq_wire_limits limits = {.depth = MAX_DEPTH,
                             .messages = o->max_messages ? o->max_messages : DEFAULT_MESSAGES,
                             .unpacked = o->max_unpacked ? o->max_unpacked : DEFAULT_UNPACKED};
    ProtobufCMessage *message = NULL;
    const Onnx__ModelProto *proto;
    oq_span *root = NULL;
    oq_status status;

    if (!size)
        OQ_FAIL(im->diag, OQ_FORMAT, "not an ONNX model: the file is empty");
    status = oq_wire_scan(&onnx__model_proto__descriptor, data, size, &limits, im->scratch, &root, im->diag);
    if (status != OQ_OK) {
        name_the_fault(im->diag);
        return status;
    }
    for (const oq_span *part = root->first; part; part = part->next) {
        if (part->is_cut)
            OQ_TRY(oq_import_refuse_external(
                im, part, part->field == FIELD_FUNCTIONS ? "a function" : "a training graph"));
    }
    OQ_TRY(unpack(im, root, &message));
    proto = (const Onnx__ModelProto *)message;
    OQ_TRY(import_header(im, proto, root));
    OQ_TRY(oq_import_graph(im, im->model->graph, proto->graph, oq_span_child(root, 7, NULL)));
    OQ_TRY(import_functions(im, root));
    clear_changes(im->model);
    return order_graphs(im);
}

/* ------------------------------------------------------------------ entry points */

/* Folder of a file name; NULL on no memory. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static oq_status start(oq_importer *im, backing *b, const char *path)
{
    im->model->backing = b;
    im->model->free_backing = free_backing;
    im->model->release_pages = release_pages;
    im->arena = im->model->arena;
    im->external = &b->external;
    b->external.follow_links = im->options->follow_links;
    im->model->path = oq_arena_strdup(im->arena, path);
    if (strcmp(path, "-") != 0)
        b->external.folder = folder_of(path);
    if (!im->model->path || (strcmp(path, "-") != 0 && !b->external.folder))
        OQ_FAIL(im->diag, OQ_NOMEM, "out of memory");
    return OQ_OK;
}

/* Takes over b, whatever comes. */
static oq_status import_backed(backing *b, const unsigned char *data, size_t size, const char *path,
                               const oq_import_options *options, oq_model **out, oq_diag *diag)
{
    static const oq_import_options defaults;
    oq_importer im = {.options = options ? options : &defaults, .diag = diag};
    oq_status status;

    im.model = oq_model_new(im.options->arena_limit);
    if (!im.model) {
        free_backing(b);
        OQ_FAIL(diag, OQ_NOMEM, "out of memory");
    }
    status = start(&im, b, path);
    /* The scan has held the sum of all structures against max_unpacked; twice that leaves room for spans. */
    im.scratch = oq_arena_new(2 * (im.options->max_unpacked ? im.options->max_unpacked : DEFAULT_UNPACKED));
    if (status == OQ_OK && !im.scratch)
        status = oq_diag_set(diag, OQ_NOMEM, __FILE__, __LINE__, "out of memory");
    if (status == OQ_OK)
        status = import_model(&im, data, size);
    oq_arena_free(im.scratch);
    oq_map_free(&im.symbols);
    if (status != OQ_OK) {
        oq_model_destroy(im.model);
        return status;
    }
    im.model->file_size = size + oq_external_size(&b->external);
    *out = im.model;
    return OQ_OK;
}

oq_status oq_import_file(const char *path, const oq_import_options *options, oq_model **out, oq_diag *diag)
{
    backing *b = calloc(1, sizeof *b);
    oq_status status;

    if (!b)
        OQ_FAIL(diag, OQ_NOMEM, "out of memory");
    status = oq_file_read(path, options ? options->max_file : 0, &b->file, diag);
    if (status != OQ_OK) {
        free(b);
        return status;
    }
    return import_backed(b, b->file.data, b->file.size, path, options, out, diag);
}

oq_status oq_import_memory(const void *data, size_t size, const char *path, const oq_import_options *options,
                           oq_model **out, oq_diag *diag)
{
    backing *b = calloc(1, sizeof *b);

    if (!b)
        OQ_FAIL(diag, OQ_NOMEM, "out of memory");
    return import_backed(b, data, size, path, options, out, diag);
}

static oq_status import_lone_tensor(oq_importer *im, const unsigned char *data, size_t size, oq_tensor **out)
{
    oq_wire_limits limits = {.depth = MAX_DEPTH, .messages = DEFAULT_MESSAGES, .unpacked = DEFAULT_UNPACKED};
    ProtobufCMessage *message = NULL;
    oq_span *root = NULL;

    OQ_TRY(oq_wire_scan(&onnx__tensor_proto__descriptor, data, size, &limits, im->scratch, &root, im->diag));
    OQ_TRY(unpack(im, root, &message));
    return oq_import_tensor(im, (const Onnx__TensorProto *)message, root, out);
}

oq_status oq_import_tensor_memory(const void *data, size_t size, oq_arena *arena, oq_tensor **out,
                                  oq_diag *diag)
{
    static const oq_import_options defaults;
    oq_external nowhere = {0};
    oq_importer im = {.options = &defaults, .arena = arena, .external = &nowhere, .diag = diag};
    oq_status status;

    im.scratch = oq_arena_new(DEFAULT_UNPACKED);
    if (!im.scratch)
        OQ_FAIL(diag, OQ_NOMEM, "out of memory");
    status = import_lone_tensor(&im, data, size, out);
    oq_arena_free(im.scratch);
    return status;
}

bool oq_model_reads_file(const oq_model *model, const struct stat *st)
{
    const backing *b = model->backing;

    for (const oq_external_file *file = b ? b->external.first : NULL; file; file = file->next) {
        if (file->device == st->st_dev && file->inode == st->st_ino)
            return true;
    }
    return false;
}

/* In pieces, whose memory is given back: the whole file would otherwise stay in memory just for this. */
static void digest_file(oq_sha256 *sha, const oq_model *model)
{
    const size_t piece = (size_t)1 << 20;

    for (size_t at = 0; at < model->origin.size; at += piece) {
        size_t n = model->origin.size - at < piece ? model->origin.size - at : piece;

        oq_sha256_add(sha, model->origin.data + at, n);
        if (model->release_pages)
            model->release_pages(model->backing, model->origin.data + at, n);
    }
}

oq_status oq_model_digest(const oq_model *model, char hex[65], oq_diag *diag)
{
    const backing *b = model->backing;
    oq_sha256 sha;

    if (!model->origin.data)
        OQ_FAIL(diag, OQ_ARG, "only a model that was read from a file has a digest");
    oq_sha256_begin(&sha);
    digest_file(&sha, model);
    for (const oq_external_file *file = b ? b->external.first : NULL; file; file = file->next) {
        if (file->size)
            oq_sha256_add(&sha, file->data, file->size);
    }
    oq_sha256_end(&sha, hex);
    return OQ_OK;
}
