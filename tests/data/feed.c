/* Feeds: views of arrays in files, which types are taken for which inputs, and copies in the end. */
#include "data/feed.h"

#include <string.h>

#include "fixture.h"
#include "tap/tap.h"

static oq_diag diag;

static void views_samples(void)
{
    static const float data[12];
    const oq_npy c = {.dtype = OQ_FLOAT, .rank = 3, .dims = {2, 2, 3}, .n = 12, .item_size = 4};
    oq_npy f = c;
    oq_view view = oq_view_of_npy(&c, data, OQ_AXIS_DROP, 1);

    f.is_fortran = true;
    ok(view.rank == 2 && view.n == 6 && view.size == 24, "a[1] has the axes after the first");
    ok(view.data == data + 6, "and begins after sample 0");
    view = oq_view_of_npy(&c, data, OQ_AXIS_KEEP, 1);
    ok(view.rank == 3 && view.dims[0] == 1 && view.n == 6, "a[1:2] keeps an axis of 1");
    view = oq_view_of_npy(&c, data, OQ_AXIS_NONE, 0);
    ok(view.rank == 3 && view.n == 12 && view.data == data, "the whole is the whole");
    view = oq_view_of_npy(&f, data, OQ_AXIS_DROP, 1);
    ok(view.data == data + 1 && !view.is_contiguous, "samples interleave in Fortran order");
    is_int(view.strides[0] * 10 + view.strides[1], 24, "with these strides");
}

static void takes_types_that_fit(void)
{
    static const oq_dtype taken[][2] = {
        {OQ_FLOAT, OQ_FLOAT},  {OQ_DOUBLE, OQ_FLOAT}, {OQ_FLOAT16, OQ_FLOAT}, {OQ_FLOAT, OQ_DOUBLE},
        {OQ_INT32, OQ_INT64},  {OQ_INT64, OQ_INT32},  {OQ_UINT8, OQ_INT32},   {OQ_INT8, OQ_INT16},
        {OQ_UINT32, OQ_INT64}, {OQ_BOOL, OQ_BOOL},    {OQ_STRING, OQ_STRING}, {OQ_INT8, OQ_UNDEFINED}};
    static const oq_dtype refused[][2] = {
        {OQ_UINT8, OQ_FLOAT},    {OQ_FLOAT, OQ_FLOAT16}, {OQ_FLOAT, OQ_INT8},   {OQ_INT8, OQ_UINT8},
        {OQ_UINT64, OQ_INT64},   {OQ_BOOL, OQ_UINT8},    {OQ_UINT8, OQ_BOOL},   {OQ_INT64, OQ_INT16},
        {OQ_BFLOAT16, OQ_FLOAT}, {OQ_INT4, OQ_INT8},     {OQ_STRING, OQ_INT64}, {OQ_INT64, OQ_FLOAT}};

    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        ok(oq_feed_converts(taken[i][0], taken[i][1]), "%s is taken for %s", oq_dtype_name(taken[i][0]),
           oq_dtype_name(taken[i][1]));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        ok(!oq_feed_converts(refused[i][0], refused[i][1]), "%s is refused for %s",
           oq_dtype_name(refused[i][0]), oq_dtype_name(refused[i][1]));
}

static void copies_or_points(void)
{
    static _Alignas(64) const float data[18] = {1, 2, 3};
    oq_arena *arena = oq_arena_new(0);
    oq_view view = {
        .dtype = OQ_FLOAT, .rank = 1, .dims = {16}, .n = 16, .data = data, .size = 64, .is_contiguous = true};
    oq_array array;

    oq_feed_read(&view, OQ_FLOAT, "x", arena, &array, &diag);
    ok(array.data == data, "aligned elements are used where they lie");
    oq_feed_copy(&view, OQ_FLOAT, "x", arena, &array, &diag);
    ok(array.data != data && memcmp(array.data, data, 64) == 0, "unless a copy is asked for");
    view.data = data + 1;
    oq_feed_read(&view, OQ_FLOAT, "x", arena, &array, &diag);
    ok(array.data != data + 1 && (uintptr_t)array.data % 64 == 0, "others are copied, and aligned");
    is_mem(array.data, data + 1, 64, "as they are");
    oq_arena_free(arena);
}

static void copies_strings(void)
{
    char text[] = "hello";
    oq_string strings[2] = {{text, 5}, {text, 0}};
    oq_view view = {.dtype = OQ_STRING,
                    .rank = 1,
                    .dims = {2},
                    .n = 2,
                    .data = strings,
                    .size = sizeof strings,
                    .is_contiguous = true};
    oq_arena *arena = oq_arena_new(0);
    oq_array array;
    const oq_string *copied;

    is_int(oq_feed_copy(&view, OQ_STRING, "x", arena, &array, &diag), OQ_OK, "strings are copied");
    memset(text, 'x', 5);
    copied = array.data;
    ok(copied[0].size == 5 && memcmp(copied[0].data, "hello", 5) == 0, "with their text");
    oq_arena_free(arena);
}

int main(void)
{
    views_samples();
    takes_types_that_fit();
    copies_or_points();
    copies_strings();
    return tap_done();
}
