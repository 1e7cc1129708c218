#include <string.h>

#include "ir/graph.h"
#include "onnx/export.h"
#include "onnx/import.h"
#include "pb.h"
#include "tap/tap.h"

/* A 2 x 3 sparse initializer w with two values at the given indices (int64; rank 1: linear, rank 2:
 * coordinates). */
static void sparse_model(oq_buf *model, const int64_t *indices, int rank, int64_t rows)
{
    static const float values[] = {5, 7};
    oq_buf sparse = {0}, list = {0}, graph = {0};

    pb_floats(&sparse, 1, "w", values, 2);
    pb_varint(&list, 1, 2);
    if (rank == 2)
        pb_varint(&list, 1, 2);
    pb_varint(&list, 2, 7);
    pb_bytes(&list, 9, indices, (size_t)rank * 16);
    pb_message(&sparse, 2, &list);
    pb_varint(&sparse, 3, rows);
    pb_varint(&sparse, 3, 3);
    pb_node(&graph, "Relu", "w", NULL, "y", NULL);
    pb_text(&graph, 2, "g");
    pb_message(&graph, 15, &sparse);
    pb_model(model, 8, 13, &graph);
}

static void expands(const int64_t *indices, int rank, const char *name)
{
    static const float wanted[] = {0, 5, 0, 0, 0, 7};
    oq_buf bytes = {0}, out = {0};
    oq_diag diag = {0};
    oq_model *model = NULL, *again = NULL;

    sparse_model(&bytes, indices, rank, 2);
    is_int(oq_import_memory(bytes.data, bytes.size, "-", NULL, &model, &diag), OQ_OK, name);
    is_mem(model->graph->initializers[0]->constant->data, wanted, sizeof wanted, "it is expanded");
    is_int(oq_export_memory(model, &out, &diag), OQ_OK, "untouched, it is exported");
    ok(out.size == bytes.size && memcmp(out.data, bytes.data, out.size) == 0, "as it was");
    oq_buf_free(&out);
    oq_node_set_int(model->graph->first, "i", 1);
    is_int(oq_export_memory(model, &out, &diag), OQ_OK, "in a changed graph");
    is_int(oq_import_memory(out.data, out.size, "-", NULL, &again, &diag), OQ_OK, "it comes out");
    is_mem(again->graph->initializers[0]->constant->data, wanted, sizeof wanted, "as an ordinary tensor");
    oq_model_destroy(again);
    oq_model_destroy(model);
    oq_buf_free(&bytes);
    oq_buf_free(&out);
}

static void is_refused(const int64_t *indices, int rank, int64_t rows, oq_status status, const char *name)
{
    oq_buf bytes = {0};
    oq_diag diag = {0};
    oq_model *model = NULL;

    sparse_model(&bytes, indices, rank, rows);
    is_int(oq_import_memory(bytes.data, bytes.size, "-", NULL, &model, &diag), status, name);
    oq_model_destroy(model);
    oq_buf_free(&bytes);
}

int main(void)
{
    static const int64_t linear[] = {1, 5}, pairs[] = {0, 1, 1, 2}, outside[] = {1, 6}, negative[] = {-1, 5};
    static const int64_t pair_outside[] = {0, 1, 1, 3};

    expands(linear, 1, "linear indices are read");
    expands(pairs, 2, "coordinates are read");
    is_refused(outside, 1, 2, OQ_FORMAT, "an index behind the end is refused");
    is_refused(negative, 1, 2, OQ_FORMAT, "a negative index is refused");
    is_refused(pair_outside, 2, 2, OQ_FORMAT, "a coordinate outside is refused");
    is_refused(linear, 1, (int64_t)1 << 40, OQ_LIMIT, "a shape of terabytes is refused");
    return tap_done();
}
