#include "onnx/wire.h"

#include <string.h>

#include "pb.h"
#include "tap/tap.h"

static const oq_wire_limits generous = {.depth = 100, .messages = 100000, .unpacked = 1 << 24};

static oq_status scan(const oq_buf *model, const oq_wire_limits *limits, oq_arena *arena, oq_span **root,
                      oq_diag *diag)
{
    oq_diag_clear(diag);
    return oq_wire_scan(&onnx__model_proto__descriptor, model->data, model->size, limits, arena, root, diag);
}

static oq_status scan_once(const oq_buf *model, oq_diag *diag)
{
    oq_arena *arena = oq_arena_new(0);
    oq_span *root;
    oq_status status = scan(model, &generous, arena, &root, diag);

    oq_arena_free(arena);
    return status;
}

static void numbers_come_back(void)
{
    static const uint64_t values[] = {0, 1, 127, 128, 300, UINT32_MAX, UINT64_MAX};
    unsigned char bytes[16];

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const unsigned char *at = bytes, *end = oq_wire_put_varint(bytes, values[i]);
        uint64_t back = 0;

        ok(oq_wire_varint(&at, end, &back) && at == end && back == values[i], "varint %zu comes back", i);
        is_int(end - bytes, oq_wire_varint_size(values[i]), "and has the size foretold");
        at = bytes;
        ok(!oq_wire_varint(&at, end - 1, &back), "and is refused when cut short");
    }
}

static void a_length_past_the_end_is_told_with_its_place(void)
{
    static const unsigned char bytes[] = {0x08, 0x08, 0x3a,
                                          0x64, 0x0a, 0x00}; /* ir_version 8; graph of 100 bytes */
    oq_buf model = {(unsigned char *)(uintptr_t)bytes, sizeof bytes, 0, false};
    oq_diag diag = {0};

    is_int(scan_once(&model, &diag), OQ_FORMAT, "a graph longer than the file is refused");
    ok(strstr(diag.message, "field 7") && strstr(diag.message, "byte 2") &&
           strstr(diag.message, "100 bytes") && strstr(diag.message, "only 2") &&
           strstr(diag.message, "truncated download?"),
       "the message names field, place, claim and rest: %s", diag.message);
}

static void nesting_is_limited(void)
{
    oq_diag diag = {0};

    for (int depth = 20; depth <= 6000; depth += 5980) { /* 6000 levels overflow the stack of protobuf-c */
        oq_buf type = {0}, info = {0}, graph = {0}, model = {0};

        for (int i = 0; i < depth; i++) {
            oq_buf sequence = {0}, outer = {0};

            pb_message(&sequence, 1, &type);
            pb_message(&outer, 4, &sequence);
            type = outer;
        }
        pb_text(&info, 1, "x");
        pb_message(&info, 2, &type);
        pb_message(&graph, 11, &info);
        pb_model(&model, 8, 13, &graph);
        is_int(scan_once(&model, &diag), depth == 20 ? OQ_OK : OQ_LIMIT, "nested types, shallow and deep");
        oq_buf_free(&model);
    }
}

static void counts_are_limited(void)
{
    oq_buf graph = {0}, model = {0};
    oq_wire_limits few = generous, small = generous;
    oq_arena *arena = oq_arena_new(0);
    oq_diag diag = {0};
    oq_span *root;

    for (int i = 0; i < 5000; i++)
        pb_bytes(&graph, 1, "", 0);
    pb_model(&model, 8, 13, &graph);
    is_int(scan(&model, &generous, arena, &root, &diag), OQ_OK, "5000 empty nodes are fine");
    few.messages = 4000;
    is_int(scan(&model, &few, arena, &root, &diag), OQ_LIMIT, "more messages than allowed are refused");
    small.unpacked = 100000;
    is_int(scan(&model, &small, arena, &root, &diag), OQ_LIMIT,
           "structs beyond the memory allowed are refused");
    oq_arena_free(arena);
    oq_buf_free(&model);
}

static void damage_is_refused(const char *name, const char *bytes, size_t size, const char *says)
{
    oq_buf model = {(unsigned char *)(uintptr_t)bytes, size, 0, false};
    oq_diag diag = {0};

    is_int(scan_once(&model, &diag), OQ_FORMAT, name);
    ok(strstr(diag.message, says) != NULL, "and says so: %s", diag.message);
}

static void payloads_are_cut_out(void)
{
    static float data[1000] = {1, 2, 3};
    oq_buf graph = {0}, model = {0};
    oq_arena *arena = oq_arena_new(0);
    oq_diag diag = {0};
    oq_span *root = NULL;
    const oq_span *g, *t;
    unsigned char *skeleton;
    Onnx__ModelProto *proto;

    pb_text(&graph, 2, "g");
    pb_floats(&graph, 5, "w", data, 1000);
    pb_floats(&graph, 5, "v", data, 3);
    pb_model(&model, 8, 13, &graph);
    is_int(scan(&model, &generous, arena, &root, &diag), OQ_OK, "a graph with two tensors is scanned");
    ok(root->skeleton_size < 100, "its skeleton has %zu bytes", root->skeleton_size);
    g = oq_span_child(root, 7, NULL);
    is_int(oq_span_count(g, 5), 2, "both tensors have spans");
    t = oq_span_child(g, 5, NULL);
    ok(t->first && !t->first->type && t->first->size > 4000, "the payload is a span of the first");
    skeleton = oq_arena_alloc(arena, root->skeleton_size);
    oq_wire_skeleton(root, skeleton);
    proto = onnx__model_proto__unpack(NULL, root->skeleton_size, skeleton);
    ok(proto && proto->graph && proto->graph->n_initializer == 2, "protobuf-c can read the skeleton");
    ok(proto && !proto->graph->initializer[0]->has_raw_data, "which holds no payload");
    is_str(proto ? proto->graph->initializer[1]->name : "", "v", "but everything else");
    if (proto)
        onnx__model_proto__free_unpacked(proto, NULL);
    oq_arena_free(arena);
    oq_buf_free(&model);
}

int main(void)
{
    static const char graph_twice[] = "\x3a\x00\x3a\x00";
    static const char nul_in_name[] = "\x3a\x05\x12\x03"
                                      "a\0b";
    static const char group[] = "\x0b\x0c";
    static const char wrong_type[] = "\x0a\x01x"; /* ir_version as text */
    static const char inner_overrun[] =
        "\x3a\x02\x12\x7f"; /* a graph's name that leaves the graph; more follows */
    static const char overlong[] = "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    static const char field_zero[] = "\x00\x01";
    char overrun[200] = {0};

    numbers_come_back();
    a_length_past_the_end_is_told_with_its_place();
    nesting_is_limited();
    counts_are_limited();
    damage_is_refused("a second graph is refused", graph_twice, 4, "only once");
    damage_is_refused("NUL in a name is refused", nul_in_name, 7, "NUL");
    damage_is_refused("groups are refused", group, 2, "wire type 3");
    damage_is_refused("a number sent as text is refused", wrong_type, 3, "ir_version");
    memcpy(overrun, inner_overrun, 4);
    memset(overrun + 4, 0x08, sizeof overrun - 4);
    damage_is_refused("a field that leaves its message is refused", overrun, sizeof overrun,
                      "more than the GraphProto");
    damage_is_refused("a number of 12 bytes is refused", overlong, sizeof overlong - 1, "overlong");
    damage_is_refused("field number 0 is refused", field_zero, 2, "field 0");
    payloads_are_cut_out();
    return tap_done();
}
