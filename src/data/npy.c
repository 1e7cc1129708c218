/* npy: magic "\x93NUMPY", version, header length, then a Python dictionary as text:
 *     {'descr': '<f4', 'fortran_order': False, 'shape': (64, 3, 224, 224), }
 * Only what NumPy itself writes is read; anything else is refused with the place where reading stopped.
 */
#include "data/npy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

#define MAGIC      "\x93NUMPY"
#define MAGIC_SIZE (size_t)6

/* The dictionary while it is read. */
typedef struct scan {
    const char *at, *end;
    const char *what; /* "array 'x'", for messages */
    oq_npy *npy;
    bool has_descr, has_order, has_shape;
} scan;

typedef struct type_name {
    char kind;
    char size; /* bytes, as the digit NumPy writes */
    oq_dtype dtype;
} type_name;

static const type_name type_names[] = {
    {'f', '4', OQ_FLOAT},     {'f', '2', OQ_FLOAT16}, {'f', '8', OQ_DOUBLE}, {'i', '1', OQ_INT8},
    {'i', '2', OQ_INT16},     {'i', '4', OQ_INT32},   {'i', '8', OQ_INT64},  {'u', '1', OQ_UINT8},
    {'u', '2', OQ_UINT16},    {'u', '4', OQ_UINT32},  {'u', '8', OQ_UINT64}, {'b', '1', OQ_BOOL},
    {'c', '8', OQ_COMPLEX64},
};

size_t oq_npy_header_size(const unsigned char *bytes, size_t have)
{
    size_t length, start;

    if (have < 12 || memcmp(bytes, MAGIC, MAGIC_SIZE) != 0 || bytes[6] < 1 || bytes[6] > 3)
        return 0;
    length = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    start = 10;
    if (bytes[6] > 1) {
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
        start = 12;
    }
    return length > OQ_NPY_MAX_HEADER ? 0 : start + length;
}

static void skip_spaces(scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r'))
        s->at++;
}

static bool accept(scan *s, char c)
{
    skip_spaces(s);
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

static bool accept_word(scan *s, const char *word)
{
    size_t n = strlen(word);

    skip_spaces(s);
    if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
        return false;
    s->at += n;
    return true;
}

/* A quoted string without escapes; false when there is none or it does not fit. */
static bool accept_string(scan *s, char *text, size_t size)
{
    char quote;
    size_t n = 0;

    skip_spaces(s);
    if (s->at == s->end || (*s->at != '\'' && *s->at != '"'))
        return false;
    quote = *s->at++;
    while (s->at < s->end && *s->at != quote) {
        if (n + 1 >= size || *s->at < ' ' || *s->at > '~')
            return false;
        text[n++] = *s->at++;
    }
    if (s->at == s->end)
        return false;
    s->at++;
    text[n] = '\0';
    return true;
}

static oq_status scan_descr(scan *s, oq_diag *diag)
{
    char text[64] = "";
    const char *kind = text;

    skip_spaces(s);
    if (s->at < s->end && *s->at == '[')
        OQ_FAIL(diag, OQ_UNSUPPORTED, "%s holds records (a structured type); save one plain array per input",
                s->what);
    if (!accept_string(s, text, sizeof text))
        OQ_FAIL(diag, OQ_FORMAT, "%s: damaged header: no type after 'descr'", s->what);
    if (*kind && strchr("<>=|", *kind))
        kind++;
    for (size_t i = 0; i < sizeof type_names / sizeof *type_names; i++) {
        if (kind[0] == type_names[i].kind && kind[1] == type_names[i].size && !kind[2]) {
            s->npy->dtype = type_names[i].dtype;
            s->npy->item_size = (size_t)(kind[1] - '0');
            s->npy->is_big_endian = text[0] == '>' && kind[1] != '1';
            s->has_descr = true;
            return OQ_OK;
        }
    }
    OQ_FAIL(diag, OQ_UNSUPPORTED,
            "%s is of NumPy type '%s', which cannot be fed to a model; convert it with .astype()", s->what,
            text);
}

static oq_status scan_order(scan *s, oq_diag *diag)
{
    if (accept_word(s, "True"))
        s->npy->is_fortran = true;
    else if (!accept_word(s, "False"))
        OQ_FAIL(diag, OQ_FORMAT, "%s: damaged header: 'fortran_order' is neither True nor False", s->what);
    s->has_order = true;
    return OQ_OK;
}

static bool scan_number(scan *s, int64_t *out)
{
    int64_t value = 0;
    const char *start;

    skip_spaces(s);
    start = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9') {
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *s->at - '0', &value))
            return false;
        s->at++;
    }
    if (s->at == start)
        return false;
    if (s->at < s->end && *s->at == 'L') /* written by Python 2 */
        s->at++;
    *out = value;
    return true;
}

static oq_status scan_shape(scan *s, oq_diag *diag)
{
    if (!accept(s, '('))
        OQ_FAIL(diag, OQ_FORMAT, "%s: damaged header: no tuple after 'shape'", s->what);
    while (!accept(s, ')')) {
        int64_t dim;

        if (!scan_number(s, &dim))
            OQ_FAIL(diag, OQ_FORMAT, "%s: damaged header: 'shape' is not a tuple of sizes", s->what);
        if (s->npy->rank == OQ_NPY_MAX_RANK)
            OQ_FAIL(diag, OQ_UNSUPPORTED, "%s has more than %d axes", s->what, OQ_NPY_MAX_RANK);
        s->npy->dims[s->npy->rank++] = dim;
        if (!accept(s, ',')) {
            if (accept(s, ')'))
                break;
            OQ_FAIL(diag, OQ_FORMAT, "%s: damaged header: 'shape' does not end", s->what);
        }
    }
    s->has_shape = true;
    return OQ_OK;
}

static oq_status scan_dictionary(scan *s, oq_diag *diag)
{
    char key[32];

    if (!accept(s, '{'))
        OQ_FAIL(diag, OQ_FORMAT, "%s: damaged header: it does not begin with {", s->what);
    while (!accept(s, '}')) {
        if (!accept_string(s, key, sizeof key) || !accept(s, ':'))
            OQ_FAIL(diag, OQ_FORMAT, "%s: damaged header: no key where one belongs", s->what);
        if (strcmp(key, "descr") == 0 && !s->has_descr)
            OQ_TRY(scan_descr(s, diag));
        else if (strcmp(key, "fortran_order") == 0 && !s->has_order)
            OQ_TRY(scan_order(s, diag));
        else if (strcmp(key, "shape") == 0 && !s->has_shape)
            OQ_TRY(scan_shape(s, diag));
        else
            OQ_FAIL(diag, OQ_FORMAT, "%s: damaged header: key '%s' does not belong there", s->what, key);
        if (!accept(s, ',')) {
            if (accept(s, '}'))
                break;
            OQ_FAIL(diag, OQ_FORMAT, "%s: damaged header: no comma after '%s'", s->what, key);
        }
    }
    skip_spaces(s);
    if (s->at != s->end || !s->has_descr || !s->has_order || !s->has_shape)
        OQ_FAIL(diag, OQ_FORMAT, "%s: damaged header: %s", s->what,
                s->at != s->end ? "text after the }" : "descr, fortran_order or shape is missing");
    return OQ_OK;
}

static oq_status check_size(oq_npy *npy, uint64_t total, const char *what, oq_diag *diag)
{
    char shape[160];
    bool is_empty = false, overflows = false;

    oq_dims_text(npy->dims, npy->rank, shape, sizeof shape);
    npy->n = 1;
    for (int i = 0; i < npy->rank; i++) {
        is_empty = is_empty || npy->dims[i] == 0;
        overflows = overflows || (uint64_t)npy->dims[i] > SIZE_MAX ||
                    (npy->dims[i] && oq_mul_overflow(npy->n, (size_t)npy->dims[i], &npy->n));
    }
    if (is_empty)
        npy->n = 0;
    if (!is_empty &&
        (overflows || oq_mul_overflow(npy->n, npy->item_size, &npy->size) || npy->size > PTRDIFF_MAX))
        OQ_FAIL(diag, OQ_FORMAT, "%s has shape %s, larger than memory can be (damaged header?)", what, shape);
    if (total - npy->offset < npy->size)
        OQ_FAIL(diag, OQ_FORMAT, "%s has shape %s, which needs %zu bytes; there are %" PRIu64 " (truncated?)",
                what, shape, npy->size, total - npy->offset);
    if (total - npy->offset > npy->size)
        OQ_FAIL(diag, OQ_FORMAT, "%s of shape %s is followed by %" PRIu64 " bytes; save one array per file",
                what, shape, total - npy->offset - npy->size);
    return OQ_OK;
}

oq_status oq_npy_parse(const unsigned char *bytes, size_t have, uint64_t total, const char *what, oq_npy *out,
                       oq_diag *diag)
{
    oq_npy npy = {0};
    scan s = {.what = what, .npy = &npy};

    if (have < MAGIC_SIZE || memcmp(bytes, MAGIC, MAGIC_SIZE) != 0)
        OQ_FAIL(diag, OQ_FORMAT, "%s is no NumPy array (no \\x93NUMPY at its start)", what);
    if (have >= 8 && (bytes[6] < 1 || bytes[6] > 3))
        OQ_FAIL(diag, OQ_UNSUPPORTED, "%s is in npy format version %d.%d; versions 1 to 3 are known", what,
                bytes[6], bytes[7]);
    npy.offset = oq_npy_header_size(bytes, have);
    if (!npy.offset || npy.offset > have || npy.offset > total)
        OQ_FAIL(diag, OQ_FORMAT, "%s: the header of the array is cut off or too long (truncated?)", what);
    s.at = (const char *)bytes + (bytes[6] > 1 ? 12 : 10);
    s.end = (const char *)bytes + npy.offset;
    OQ_TRY(scan_dictionary(&s, diag));
    OQ_TRY(check_size(&npy, total, what, diag));
    *out = npy;
    return OQ_OK;
}

static const type_name *name_of(oq_dtype dtype)
{
    for (size_t i = 0; i < sizeof type_names / sizeof *type_names; i++) {
        if (type_names[i].dtype == dtype)
            return &type_names[i];
    }
    return NULL;
}

size_t oq_npy_format(oq_dtype dtype, const int64_t *dims, int rank, unsigned char header[OQ_NPY_HEADER_ROOM])
{
    const type_name *type = name_of(dtype);
    char text[OQ_NPY_HEADER_ROOM];
    size_t n, size;

    if (!type || rank < 0 || rank > OQ_NPY_MAX_RANK)
        return 0;
    n = (size_t)snprintf(text, sizeof text, "{'descr': '%c%c%c', 'fortran_order': False, 'shape': (",
                         type->size == '1' ? '|' : '<', type->kind, type->size);
    for (int i = 0; i < rank; i++)
        n += (size_t)snprintf(text + n, sizeof text - n,
                              rank == 1 ? "%" PRId64 ","
                              : i       ? ", %" PRId64
                                        : "%" PRId64,
                              dims[i]);
    n += (size_t)snprintf(text + n, sizeof text - n, "), }");
    size = (10 + n + 1 + 63) & ~(size_t)63; /* the text ends with a newline */
    memset(header, ' ', size);
    memcpy(header, MAGIC, MAGIC_SIZE);
    header[6] = 1; /* version 1.0 */
    header[7] = 0;
    header[8] = (unsigned char)((size - 10) & 0xff);
    header[9] = (unsigned char)((size - 10) >> 8);
    memcpy(header + 10, text, n);
    header[size - 1] = '\n';
    return size;
}

const char *oq_dims_text(const int64_t *dims, int rank, char *text, size_t size)
{
    size_t n = 0;

    n += (size_t)snprintf(text, size, "[");
    for (int i = 0; i < rank && n < size; i++)
        n += (size_t)snprintf(text + n, size - n, "%s%" PRId64, i ? "," : "", dims[i]);
    if (n < size)
        snprintf(text + n, size - n, "]");
    return text;
}
