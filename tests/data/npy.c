/* The npy header reader: what NumPy writes is read; what it does not write is refused with one line. */
#include "config.h"

#include "data/npy.h"

#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "fixture.h"
#include "tap/tap.h"

static oq_diag diag;

static oq_status parse(const char *dictionary, size_t size, oq_npy *npy)
{
    static const unsigned char zeros[4096];
    oq_buf file = {0};
    oq_status status;

    fixture_npy(&file, dictionary, zeros, size);
    oq_diag_clear(&diag);
    status = oq_npy_parse(file.data, file.size, file.size, "x.npy", npy, &diag);
    oq_buf_free(&file);
    return status;
}

static void reads_what_numpy_writes(void)
{
    oq_npy npy;

    is_int(parse("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24, &npy), OQ_OK,
           "float32 is read");
    is_int(npy.dtype, OQ_FLOAT, "its type");
    is_int(npy.rank, 2, "its rank");
    is_int(npy.dims[0] * 10 + npy.dims[1], 23, "its shape");
    is_int(npy.n, 6, "its elements");
    is_int(npy.size, 24, "its bytes");
    is_int(npy.offset, 128, "where they begin");
    ok(!npy.is_fortran && !npy.is_big_endian, "C order, little-endian");
    is_int(parse("{'descr': '|u1', 'fortran_order': False, 'shape': (7,), }", 7, &npy), OQ_OK,
           "one axis is read");
    is_int(npy.dtype, OQ_UINT8, "as uint8");
    is_int(parse("{'descr': '<i8', 'fortran_order': False, 'shape': (), }", 8, &npy), OQ_OK,
           "a scalar is read");
    is_int(npy.n, 1, "as one element");
    is_int(parse("{'descr': '<f4', 'fortran_order': False, 'shape': (5, 0), }", 0, &npy), OQ_OK,
           "empty is read");
    is_int(npy.n, 0, "as no element");
    is_int(parse("{'descr': '>f4', 'fortran_order': True, 'shape': (2, 2), }", 16, &npy), OQ_OK,
           "big-endian is read");
    ok(npy.is_fortran && npy.is_big_endian, "and told, as is Fortran order");
    is_int(parse("{\"shape\": (3L,), \"fortran_order\": False, \"descr\": \"|b1\"}", 3, &npy), OQ_OK,
           "other order, other quotes and Python 2 numbers are read");
}

static void knows_every_type(void)
{
    static const struct {
        const char *descr;
        oq_dtype dtype;
    } types[] = {{"<f2", OQ_FLOAT16},  {"<f4", OQ_FLOAT},  {"<f8", OQ_DOUBLE}, {"|i1", OQ_INT8},
                 {"<i2", OQ_INT16},    {"<i4", OQ_INT32},  {"<i8", OQ_INT64},  {"|u1", OQ_UINT8},
                 {"<u2", OQ_UINT16},   {"<u4", OQ_UINT32}, {"<u8", OQ_UINT64}, {"|b1", OQ_BOOL},
                 {"<c8", OQ_COMPLEX64}};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char text[100];
        oq_npy npy;

        snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (1,), }",
                 types[i].descr);
        parse(text, (size_t)(types[i].descr[2] - '0'), &npy);
        is_int(npy.dtype, types[i].dtype, types[i].descr);
    }
}

static void reads_every_version(void)
{
    for (int version = 1; version <= 4; version++) {
        oq_buf file = {0};
        oq_npy npy;

        fixture_npy_version(&file, version, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }",
                            "1234", 4);
        is_int(oq_npy_parse(file.data, file.size, file.size, "x.npy", &npy, &diag),
               version < 4 ? OQ_OK : OQ_UNSUPPORTED, "versions 1 to 3 are read, 4 is refused");
        if (version < 4)
            is_int(npy.offset, file.size - 4, "and the elements follow the header");
        oq_buf_free(&file);
    }
    is_str(diag.message, "x.npy is in npy format version 4.0; versions 1 to 3 are known", "by name");
}

static void refuses(const char *dictionary, size_t size, oq_status want, const char *text)
{
    oq_npy npy;

    is_int(parse(dictionary, size, &npy), want, dictionary);
    if (!ok(strstr(diag.message, text) != NULL, "says: %s", text))
        tap_diag("got %s", diag.message);
}

static void refuses_the_rest(void)
{
    refuses("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", 16, OQ_UNSUPPORTED,
            "is of NumPy type '|O'");
    refuses("{'descr': '<U5', 'fortran_order': False, 'shape': (2,), }", 40, OQ_UNSUPPORTED,
            "is of NumPy type '<U5'");
    refuses("{'descr': '<f16', 'fortran_order': False, 'shape': (1,), }", 16, OQ_UNSUPPORTED,
            "is of NumPy type '<f16'");
    refuses("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4, OQ_UNSUPPORTED,
            "holds records");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 7, OQ_FORMAT,
            "which needs 8 bytes; there are 7");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 9, OQ_FORMAT, "followed by 1 bytes");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", 0, OQ_FORMAT,
            "larger than");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", 0, OQ_FORMAT,
            "not a tuple");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", 0, OQ_FORMAT, "not a tuple");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': 3, }", 12, OQ_FORMAT, "no tuple");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (3", 12, OQ_FORMAT, "does not end");
    refuses("{'descr': '<f4', 'fortran_order': 0, 'shape': (3,), }", 12, OQ_FORMAT, "neither True nor False");
    refuses("{'descr': '<f4', 'shape': (3,), }", 12, OQ_FORMAT, "missing");
    refuses("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 12, OQ_FORMAT,
            "'descr'");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), } x", 12, OQ_FORMAT, "after the }");
    refuses("'descr'", 12, OQ_FORMAT, "begin with {");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,1), }", 4, OQ_UNSUPPORTED,
            "more than 9 axes");
}

/* A copy of exactly `have` bytes, so that a sanitizer sees a step too far. */
static oq_status parse_exactly(const unsigned char *bytes, size_t have, oq_npy *npy)
{
    oq_buf copy = {0};
    oq_status status;

    oq_buf_append(&copy, bytes, have);
    oq_diag_clear(&diag);
    status = oq_npy_parse(copy.data, have, have, "x.npy", npy, &diag);
    oq_buf_free(&copy);
    return status;
}

static void survives_damage(void)
{
    oq_buf file = {0};
    oq_npy npy;
    oq_rng rng = {1};
    int n_bad = 0;

    fixture_npy(&file, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
                "123456789012345678901234", 24);
    for (size_t have = 1; have < file.size; have++)
        n_bad += parse_exactly(file.data, have, &npy) != OQ_FORMAT;
    is_int(n_bad, 0, "each truncation is OQ_FORMAT");
    n_bad = 0;
    for (int i = 0; i < 20000; i++) {
        size_t at = (size_t)oq_rng_below(&rng, 128);
        unsigned char flip = (unsigned char)(1u << oq_rng_below(&rng, 8));
        oq_status status;

        file.data[at] ^= flip;
        status = parse_exactly(file.data, file.size, &npy);
        if (status == OQ_OK ? npy.size != 24 || npy.offset != 128
                            : (status != OQ_FORMAT && status != OQ_UNSUPPORTED) || strchr(diag.message, '\n'))
            n_bad++;
        file.data[at] ^= flip;
    }
    is_int(n_bad, 0, "each flipped bit gives another valid header or one line");
    oq_buf_free(&file);
}

static void writes_what_it_reads(void)
{
    unsigned char header[OQ_NPY_HEADER_ROOM];
    int64_t dims[OQ_NPY_MAX_RANK];
    oq_npy npy;

    for (int rank = 0; rank <= OQ_NPY_MAX_RANK; rank++) {
        size_t size, total = 1;

        for (int i = 0; i < rank; i++)
            total *= (size_t)(dims[i] = i + 1);
        size = oq_npy_format(OQ_INT16, dims, rank, header);
        is_int(size % 64, 0, "a written header takes whole 64 bytes");
        is_int(oq_npy_parse(header, size, size + 2 * total, "x.npy", &npy, &diag), OQ_OK, "and is read back");
        ok(npy.rank == rank && npy.n == total && npy.dtype == OQ_INT16, "as it was");
    }
    is_int(oq_npy_format(OQ_INT4, dims, 1, header), 0, "a type NumPy has not is not written");
}

int main(void)
{
    reads_what_numpy_writes();
    knows_every_type();
    reads_every_version();
    refuses_the_rest();
    survives_damage();
    writes_what_it_reads();
    return tap_done();
}
