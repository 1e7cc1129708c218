#include "op/number_text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ to text */

/* Fewest digits after the first that give x again. */
static int precision_of(double x, bool is_double)
{
    char text[OQ_NUMBER_TEXT];
    int most = is_double ? 16 : 8, p = 0;

    for (; p < most; p++) {
        snprintf(text, sizeof text, "%.*e", p, x);
        if (is_double ? strtod(text, NULL) == x : (double)strtof(text, NULL) == x)
            break;
    }
    return p;
}

static size_t float_text(double x, bool is_double, char *text)
{
    char scientific[OQ_NUMBER_TEXT];
    int precision, exponent, decimals;

    if (x != x)
        return (size_t)snprintf(text, OQ_NUMBER_TEXT, "NaN");
    if (isinf(x))
        return (size_t)snprintf(text, OQ_NUMBER_TEXT, x < 0 ? "-INF" : "INF");
    precision = precision_of(x, is_double);
    snprintf(scientific, sizeof scientific, "%.*e", precision, x);
    exponent = atoi(strchr(scientific, 'e') + 1);
    if (exponent < -4 || exponent > 15)
        return (size_t)snprintf(text, OQ_NUMBER_TEXT, "%s", scientific);
    decimals = precision > exponent ? precision - exponent : 0;
    return (size_t)snprintf(text, OQ_NUMBER_TEXT, "%.*f", decimals, x);
}

size_t oq_number_to_text(const oq_array *in, size_t i, char *text)
{
    size_t size = oq_elem_size(in->dtype);
    float f = 0;

    if (in->dtype == OQ_DOUBLE)
        return float_text(((const double *)in->data)[i], true, text);
    if (in->dtype == OQ_FLOAT4E2M1)
        return float_text(
            (double)oq_f8_to_f32(in->dtype, ((const uint8_t *)in->data)[i / 2] >> (i % 2 * 4) & 15), false,
            text);
    if (oq_dtype_is_float(in->dtype)) {
        oq_to_floats(
            &(oq_array){.dtype = in->dtype, .n = 1, .data = (char *)in->data + i * size, .size = size}, &f);
        return float_text((double)f, false, text);
    }
    if (in->dtype == OQ_UINT64)
        return (size_t)snprintf(text, OQ_NUMBER_TEXT, "%" PRIu64, (uint64_t)oq_array_int(in, i));
    return (size_t)snprintf(text, OQ_NUMBER_TEXT, "%" PRId64, oq_array_int(in, i));
}

/* ------------------------------------------------------------------ from text */

static bool is_word(const char *text, const char *word)
{
    for (; *word; text++, word++) {
        if ((*text | 0x20) != *word)
            return false;
    }
    return *text == '\0';
}

/* Decimal digits only: strtod would also take what is hexadecimal. */
static bool read_double(const char *text, double *out)
{
    const char *digits = text + (*text == '+' || *text == '-');
    char *end;

    if (is_word(digits, "nan") || is_word(digits, "inf") || is_word(digits, "infinity")) {
        *out = (*digits | 0x20) == 'n' ? (double)NAN : *text == '-' ? -(double)INFINITY : (double)INFINITY;
        return true;
    }
    if (digits[strspn(digits, "0123456789.eE+-")] != '\0' || *digits == '\0')
        return false;
    *out = strtod(text, &end);
    return *end == '\0' && end != text;
}

static bool read_integer(const char *text, oq_dtype dtype, int64_t *out)
{
    const char *digits = text + (*text == '+' || *text == '-');
    int64_t least = 0, most = 1;

    if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0' ||
        (dtype == OQ_UINT64 && *text == '-'))
        return false;
    errno = 0;
    if (dtype == OQ_UINT64) {
        *out = (int64_t)strtoull(text, NULL, 10);
        return errno == 0;
    }
    *out = strtoll(text, NULL, 10);
    if (dtype != OQ_BOOL)
        oq_dtype_limits(dtype, &least, &most);
    return errno == 0 && (dtype == OQ_BOOL || (*out >= least && *out <= most));
}

bool oq_number_of_text(oq_string text, oq_dtype dtype, int64_t *bits)
{
    char copy[400]; /* the longest double written out has 310 digits before its point */
    double number;

    if (text.size == 0 || text.size >= sizeof copy || memchr(text.data, '\0', text.size))
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    if (!oq_dtype_is_float(dtype))
        return read_integer(copy, dtype, bits);
    if (!read_double(copy, &number))
        return false;
    memcpy(bits, &number, sizeof number);
    return true;
}
