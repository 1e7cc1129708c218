#include "op/number_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tap/tap.h"

static const char *text_of(oq_dtype dtype, const void *data)
{
    static char text[OQ_NUMBER_TEXT + 1];
    const oq_array in = {.dtype = dtype, .n = 1, .data = (void *)(uintptr_t)data, .size = 8};

    text[oq_number_to_text(&in, 0, text)] = '\0';
    return text;
}

static void writes(void)
{
    static const struct {
        float x;
        const char *text;
    } floats[] = {{0.1f, "0.1"},     {1.0f / 3, "0.33333334"}, {1500000, "1500000"},   {-0.0f, "-0"},
                  {1e-7f, "1e-07"},  {1e20f, "1e+20"},         {16777216, "16777216"}, {NAN, "NaN"},
                  {INFINITY, "INF"}, {-INFINITY, "-INF"},      {1.5e-4f, "0.00015"},   {12.25f, "12.25"}};

    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
        is_str(text_of(OQ_FLOAT, &floats[i].x), floats[i].text, "a float");
    is_str(text_of(OQ_DOUBLE, &(double){0.1}), "0.1", "a double");
    is_str(text_of(OQ_DOUBLE, &(double){1.0 / 3}), "0.3333333333333333", "with all the digits it needs");
    is_str(text_of(OQ_FLOAT16, &(uint16_t){0x3e00}), "1.5", "float16");
    is_str(text_of(OQ_FLOAT4E2M1, &(uint8_t){0x03}), "1.5", "float4e2m1");
    is_str(text_of(OQ_INT8, &(int8_t){-128}), "-128", "int8");
    is_str(text_of(OQ_UINT64, &(uint64_t){UINT64_MAX}), "18446744073709551615", "uint64");
    is_str(text_of(OQ_BOOL, &(uint8_t){1}), "1", "bool");
}

static bool reads(const char *text, oq_dtype dtype, int64_t *bits)
{
    return oq_number_of_text((oq_string){text, strlen(text)}, dtype, bits);
}

static double double_of(const char *text)
{
    int64_t bits = 0;
    double x = -77;

    if (reads(text, OQ_FLOAT, &bits))
        memcpy(&x, &bits, sizeof x);
    return x;
}

static void reads_floats(void)
{
    int64_t bits;

    is_float(double_of("3.25"), 3.25, 0, "digits and a point");
    is_float(double_of("-1e3"), -1000, 0, "an exponent");
    ok(isnan(double_of("NaN")), "NaN");
    is_float(double_of("-INF"), -(double)INFINITY, 0, "minus infinity");
    is_float(double_of("+inf"), (double)INFINITY, 0, "plus infinity, in small letters");
    ok(!reads("0x10", OQ_FLOAT, &bits), "hexadecimal is refused");
    ok(!reads("1,5", OQ_FLOAT, &bits), "and a comma");
    ok(!reads("", OQ_FLOAT, &bits), "and nothing");
    ok(!reads("e", OQ_FLOAT, &bits), "and an exponent alone");
    ok(!oq_number_of_text((oq_string){"1\0002", 3}, OQ_FLOAT, &bits), "and what goes on behind a zero byte");
}

static void reads_integers(void)
{
    int64_t bits = 0;

    ok(reads("-128", OQ_INT8, &bits) && bits == -128, "the least int8");
    ok(!reads("128", OQ_INT8, &bits), "128 is outside");
    ok(!reads("-1", OQ_UINT32, &bits), "-1 is outside uint32");
    ok(!reads("-1", OQ_UINT64, &bits), "and uint64");
    ok(reads("18446744073709551615", OQ_UINT64, &bits) && bits == -1, "the largest uint64");
    ok(!reads("18446744073709551616", OQ_UINT64, &bits), "one more is outside");
    ok(!reads("99999999999999999999", OQ_INT64, &bits), "so is a number of 20 digits for int64");
    ok(!reads("1.5", OQ_INT32, &bits), "a fraction is refused");
    ok(reads("7", OQ_BOOL, &bits) && bits == 7, "any whole number tells a bool");
}

int main(void)
{
    writes();
    reads_floats();
    reads_integers();
    return tap_done();
}
