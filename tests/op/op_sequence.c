#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "op/sequence.h"
#include "tap/tap.h"

/* Input i becomes the sequence [0], [1, 1], [2, 2, 2] ... of n elements. */
static void give_sequence(host *h, int i, size_t n)
{
    static const float numbers[] = {0, 1, 1, 2, 2, 2};
    oq_array elements[3];
    size_t size;
    void *bytes;

    for (size_t k = 0; k < n; k++)
        elements[k] = (oq_array){.dtype = OQ_FLOAT,
                                 .rank = 1,
                                 .dims = {(int64_t)k + 1},
                                 .n = k + 1,
                                 .data = (void *)(uintptr_t)(numbers + k * (k + 1) / 2),
                                 .size = (k + 1) * 4};
    ok(oq_sequence_size(elements, n, &size), "a sequence of %zu", n);
    bytes = aligned_alloc(64, (size + 63) / 64 * 64);
    free(h->in[i].data);
    oq_sequence_fill(elements, n, bytes);
    h->in[i] = (oq_array){
        .dtype = OQ_SEQUENCE, .rank = 1, .dims = {(int64_t)size}, .n = size, .data = bytes, .size = size};
    h->in_list[i] = &h->in[i];
}

static size_t length_at(const host *h, size_t i)
{
    return oq_sequence_at(&h->out[0], i).n;
}

static void test_at(void)
{
    host *h = host_new("SequenceAt", 11, 2, 1);

    give_sequence(h, 0, 3);
    host_array(h, 1, OQ_INT64, (int64_t[]){-1}, SCALAR);
    is_int(host_run(h), OQ_OK, "SequenceAt");
    is_str(host_out_shape(h, 0), "float[3]", "-1 is the last one");
    host_array(h, 1, OQ_INT32, (int32_t[]){3}, SCALAR);
    is_int(host_run(h), OQ_SHAPE, "behind the last one there is none");
    host_array(h, 0, OQ_INT32, (int32_t[]){3}, SCALAR);
    is_int(host_run(h), OQ_SHAPE, "a tensor is no sequence");
    host_free(h);
}

static void test_insert_and_erase(void)
{
    host *h = host_new("SequenceInsert", 11, 3, 1);

    give_sequence(h, 0, 2);
    host_floats(h, 1, (float[]){7, 7, 7, 7}, DIMS(4));
    is_int(host_run(h), OQ_OK, "SequenceInsert");
    ok(oq_sequence_count(&h->out[0]) == 3 && length_at(h, 2) == 4, "puts it at the end");
    host_array(h, 2, OQ_INT64, (int64_t[]){-1}, SCALAR);
    is_int(host_run(h), OQ_OK, "at a position");
    ok(length_at(h, 0) == 1 && length_at(h, 1) == 4 && length_at(h, 2) == 2, "puts it in front of that one");
    host_array(h, 2, OQ_INT64, (int64_t[]){3}, SCALAR);
    is_int(host_run(h), OQ_SHAPE, "a position outside is refused");
    host_free(h);
    h = host_new("SequenceErase", 11, 2, 1);
    give_sequence(h, 0, 3);
    is_int(host_run(h), OQ_OK, "SequenceErase");
    ok(oq_sequence_count(&h->out[0]) == 2 && length_at(h, 1) == 2, "takes the last one");
    host_array(h, 1, OQ_INT64, (int64_t[]){0}, SCALAR);
    is_int(host_run(h), OQ_OK, "at a position");
    ok(length_at(h, 0) == 2, "takes that one");
    give_sequence(h, 0, 0);
    is_int(host_run(h), OQ_SHAPE, "from an empty one nothing can be taken");
    host_free(h);
}

static void test_make(void)
{
    host *h = host_new("SequenceConstruct", 11, 2, 1);

    host_floats(h, 0, (float[]){1}, DIMS(1));
    host_floats(h, 1, (float[]){1, 2}, DIMS(2));
    is_int(host_run(h), OQ_OK, "SequenceConstruct");
    ok(oq_sequence_count(&h->out[0]) == 2 && length_at(h, 1) == 2, "holds its inputs");
    host_free(h);
    h = host_new("SequenceEmpty", 11, 0, 1);
    is_int(host_run(h), OQ_OK, "SequenceEmpty");
    is_int(oq_sequence_count(&h->out[0]), 0, "holds nothing");
    host_free(h);
    h = host_new("SequenceLength", 11, 1, 1);
    give_sequence(h, 0, 3);
    is_int(host_infer(h), OQ_OK, "SequenceLength");
    is_str(host_out_type(h, 0), "int64[]", "is one number");
    is_int(host_run(h), OQ_OK, "runs");
    is_int(host_int(h, 0, 0), 3, "counts");
    host_free(h);
}

static void test_split(void)
{
    host *h = host_new("SplitToSequence", 11, 2, 1);

    host_floats(h, 0, (float[]){1, 2, 3, 4, 5, 6}, DIMS(2, 3));
    host_array(h, 1, OQ_INT64, (int64_t[]){2}, SCALAR);
    oq_node_set_int(h->node, "axis", 1);
    is_int(host_run(h), OQ_OK, "parts of 2");
    ok(oq_sequence_count(&h->out[0]) == 2 && length_at(h, 0) == 4 && length_at(h, 1) == 2,
       "the last one is shorter");
    is_mem(oq_sequence_at(&h->out[0], 0).data, ((float[]){1, 2, 4, 5}), 16, "rows are cut");
    host_ints(h, 1, (int64_t[]){0, 3}, 2);
    is_int(host_run(h), OQ_OK, "listed parts");
    ok(length_at(h, 0) == 0 && length_at(h, 1) == 6, "may be empty");
    host_ints(h, 1, (int64_t[]){1, 3}, 2);
    is_int(host_run(h), OQ_SHAPE, "parts that make too much are refused");
    h->in_list[1] = NULL;
    oq_node_set_int(h->node, "keepdims", 0);
    is_int(host_run(h), OQ_OK, "without parts");
    ok(oq_sequence_count(&h->out[0]) == 3 && oq_sequence_at(&h->out[0], 2).rank == 1,
       "slices, the axis dropped");
    host_free(h);
}

static void test_concat(void)
{
    host *h = host_new("ConcatFromSequence", 11, 1, 1);

    give_sequence(h, 0, 3);
    is_int(host_run(h), OQ_OK, "ConcatFromSequence");
    is_str(host_out_shape(h, 0), "float[6]", "puts them together");
    is_mem(h->out[0].data, ((float[]){0, 1, 1, 2, 2, 2}), 24, "in order");
    oq_node_set_int(h->node, "new_axis", 1);
    is_int(host_run(h), OQ_SHAPE, "stacking needs equal shapes");
    give_sequence(h, 0, 1);
    oq_node_set_int(h->node, "axis", -1);
    is_int(host_run(h), OQ_OK, "stacking one");
    is_str(host_out_shape(h, 0), "float[1,1]", "adds an axis");
    give_sequence(h, 0, 0);
    is_int(host_run(h), OQ_SHAPE, "nothing makes nothing");
    host_free(h);
}

static void test_optional(void)
{
    host *h = host_new("Optional", 15, 1, 1);
    oq_array nothing;

    h->in_list[0] = NULL;
    is_int(host_run(h), OQ_OK, "an empty optional");
    ok(h->out[0].dtype == OQ_NOTHING, "holds nothing");
    nothing = h->out[0];
    nothing.data = NULL;
    host_floats(h, 0, (float[]){1}, DIMS(1));
    is_int(host_run(h), OQ_OK, "a full one");
    is_str(host_out_shape(h, 0), "float[1]", "is its content");
    host_free(h);
    h = host_new("OptionalHasElement", 15, 1, 1);
    h->in[0] = nothing;
    h->in_list[0] = &h->in[0];
    is_int(host_run(h), OQ_OK, "OptionalHasElement");
    is_int(*(uint8_t *)h->out[0].data, 0, "no");
    give_sequence(h, 0, 0);
    is_int(host_run(h), OQ_OK, "of an empty sequence");
    is_int(*(uint8_t *)h->out[0].data, 1, "yes: a sequence is something");
    host_free(h);
    h = host_new("OptionalGetElement", 15, 1, 1);
    h->in[0] = nothing;
    h->in_list[0] = &h->in[0];
    is_int(host_run(h), OQ_SHAPE, "an empty optional gives nothing");
    host_free(h);
}

int main(void)
{
    test_at();
    test_insert_and_erase();
    test_make();
    test_split();
    test_concat();
    test_optional();
    return tap_done();
}
