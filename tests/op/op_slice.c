#include "host.h"
#include "tap/tap.h"

static const float six[] = {1, 2, 3, 4, 5, 6};

static host *slice_of_six(int64_t start, int64_t end, int64_t step)
{
    host *h = host_new("Slice", 13, 5, 1);

    host_floats(h, 0, six, DIMS(6));
    host_ints(h, 1, &start, 1);
    host_ints(h, 2, &end, 1);
    host_ints(h, 3, (int64_t[]){0}, 1);
    host_ints(h, 4, &step, 1);
    return h;
}

static void cuts_with_every_kind_of_bound(void)
{
    static const struct {
        int64_t start, end, step;
        int n;
        float first, last;
        const char *what;
    } rows[] = {
        {1, 4, 1, 3, 2, 4, "1:4"},
        {-2, INT64_MAX, 1, 2, 5, 6, "from -2 to the end"},
        {-100, 100, 1, 6, 1, 6, "bounds beyond both ends are clamped"},
        {4, 1, 1, 0, 0, 0, "an end before the start gives nothing"},
        {5, 0, -2, 3, 6, 2, "backwards by two"},
        {-1, INT64_MIN, -1, 6, 6, 1, "all of it backwards"},
        {0, 6, 4, 2, 1, 5, "a step that does not divide"},
        {10, 2, -1, 3, 6, 4, "a start beyond the end, backwards"},
        {0, 6, INT64_MAX, 1, 1, 1, "a huge step"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        host *h = slice_of_six(rows[i].start, rows[i].end, rows[i].step);

        is_int(host_run(h), OQ_OK, rows[i].what);
        is_int(h->out[0].n, rows[i].n, "so many elements");
        if (rows[i].n) {
            is_float(host_float(h, 0, 0), rows[i].first, 0, "the first");
            is_float(host_float(h, 0, (size_t)rows[i].n - 1), rows[i].last, 0, "the last");
        }
        is_int(host_infer(h), OQ_OK, "it infers");
        is_int(h->out_type[0].shape.dims[0].size, rows[i].n, "the same size");
        host_free(h);
    }
}

static void cuts_two_axes(void)
{
    host *h = host_new("Slice", 13, 4, 1);

    host_floats(h, 0, six, DIMS(2, 3));
    host_ints(h, 1, (int64_t[]){1, 0}, 2);
    host_ints(h, 2, (int64_t[]){3, 1}, 2);
    host_ints(h, 3, (int64_t[]){-1, 0}, 2);
    is_int(host_run(h), OQ_OK, "two axes in any order");
    is_str(host_out_shape(h, 0), "float[1,2]", "row 0, columns 1 and 2");
    is_float(host_float(h, 0, 1), 3, 0, "the last element");
    host_ints(h, 3, (int64_t[]){1, 1}, 2);
    is_int(host_run(h), OQ_SHAPE, "an axis given twice is refused");
    host_free(h);

    h = host_new("Slice", 9, 1, 1);
    oq_node_set_ints(h->node, "starts", (int64_t[]){1}, 1);
    oq_node_set_ints(h->node, "ends", (int64_t[]){2}, 1);
    host_floats(h, 0, six, DIMS(2, 3));
    is_int(host_run(h), OQ_OK, "Slice-1 takes bounds from attributes");
    is_float(host_float(h, 0, 0), 4, 0, "row 1");
    is_int(host_infer(h), OQ_OK, "and infers");
    is_str(host_out_type(h, 0), "float[1,3]", "one row");
    host_free(h);

    h = slice_of_six(0, 6, 0);
    is_int(host_run(h), OQ_SHAPE, "a step of 0 is refused");
    host_free(h);
}

static void infers_symbols_and_contents(void)
{
    host *h = host_new("Slice", 13, 4, 1);

    host_elems(h, 0, "N,3,?,5", 1);
    host_ints(h, 1, (int64_t[]){-3}, 1);
    host_ints(h, 2, (int64_t[]){INT64_MAX}, 1);
    host_ints(h, 3, (int64_t[]){0}, 1);
    is_int(host_infer(h), OQ_OK, "Slice infers");
    is_str(host_out_elems(h), "3,?,5", "contents are cut");
    h->in_elems_list[0] = NULL;
    host_type(h, 0, OQ_FLOAT, DIMS(-1, 4));
    host_symbol(h, 0, 0, "N");
    host_ints(h, 1, (int64_t[]){0}, 1);
    host_infer(h);
    is_str(host_out_type(h, 0), "float[N,4]", "all of a symbol is the symbol");
    host_ints(h, 1, (int64_t[]){1}, 1);
    host_infer(h);
    is_str(host_out_type(h, 0), "float[?,4]", "a part of it is open");
    host_elems(h, 1, "0", 1);
    host_elems(h, 2, "N", 1);
    host_infer(h);
    is_str(host_out_type(h, 0), "float[N,4]", "0:N of N is N");
    host_free(h);
}

int main(void)
{
    cuts_with_every_kind_of_bound();
    cuts_two_axes();
    infers_symbols_and_contents();
    return tap_done();
}
