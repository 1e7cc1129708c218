/* The data set: every form of sample files gives the same feeds; what does not fit is told before the first
 * run. */
#include "config.h"

#include "data/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fixture.h"
#include "tap/tap.h"

#define F4(shape) "{'descr': '<f4', 'fortran_order': False, 'shape': (" shape "), }"
#define I8(shape) "{'descr': '<i8', 'fortran_order': False, 'shape': (" shape "), }"

static oq_diag diag;

static oq_dataset *opened(const oq_model *model, const char *path, const oq_dataset_options *options)
{
    oq_dataset *dataset = NULL;

    oq_diag_clear(&diag);
    if (!ok(oq_dataset_open(model->graph, path, options, &dataset, &diag) == OQ_OK, "%s opens",
            strrchr(path, '/') + 1))
        tap_bail("%s", diag.message);
    return dataset;
}

/* Opening fails with this status and a line that holds this text. */
static void refused(const char *inputs, const char *path, oq_status want, const char *text)
{
    oq_model *model = fixture_model(inputs);
    oq_dataset *dataset = NULL;
    char line[2 * OQ_DIAG_TEXT + 2];

    oq_diag_clear(&diag);
    is_int(oq_dataset_open(model->graph, path, NULL, &dataset, &diag), want, oq_status_name(want));
    snprintf(line, sizeof line, "%s: %s", diag.about, diag.message); /* as the program prints it */
    if (!ok(strstr(line, text) && !strchr(line, '\n'), "says: %s", text))
        tap_diag("got: %s", line);
    ok(dataset == NULL, "nothing is returned");
    oq_model_destroy(model);
}

/* ---- npz */

static void fill(float *values, size_t n, float first)
{
    for (size_t i = 0; i < n; i++)
        values[i] = first + (float)i;
}

static const char *write_npz(const char *name, bool is_deflated)
{
    const char *path = fixture_path(name);
    fixture_zip zip = fixture_zip_open(path);
    float x[4 * 6];
    int64_t y[4 * 2] = {0, 1, 2, 3, 4, 5, 6, 7};

    fill(x, 24, 0);
    fixture_zip_array(&zip, "y", is_deflated, I8("4, 2"), y, sizeof y);
    fixture_zip_array(&zip, "x", is_deflated, F4("4, 2, 3"), x, sizeof x);
    fixture_zip_array(&zip, "label", is_deflated, I8("5,"), y, 5 * sizeof *y);
    fixture_zip_close(&zip);
    return path;
}

static void npz_gives_samples(bool is_deflated)
{
    oq_model *model = fixture_model("x:float[2,3] y:int64[N,2]");
    oq_dataset *dataset = opened(model, write_npz("two.npz", is_deflated), NULL);
    oq_arena *arena = oq_arena_new(0);
    oq_array feeds[2];
    float want[6];
    const int64_t want_y[2] = {6, 7};

    is_int(oq_dataset_count(dataset), 4, "as many samples as the first axis has");
    ok(strncmp(oq_dataset_describe(dataset), "4 samples of ", 13) == 0, "described so");
    is_int(oq_dataset_sample(dataset, 3, arena, feeds, &diag), OQ_OK, "the last sample is there");
    fill(want, 6, 18);
    is_int(feeds[0].rank, 2, "an array with one axis more gives a[i]");
    is_int(feeds[0].dims[0] * 10 + feeds[0].dims[1], 23, "of the input's shape");
    is_int(feeds[0].n * 100 + feeds[0].size, 624, "its elements and bytes");
    is_mem(feeds[0].data, want, sizeof want, "its values");
    is_int(feeds[1].rank, 2, "an array of the input's rank gives a[i:i+1]");
    is_int(feeds[1].dims[0] * 10 + feeds[1].dims[1], 12, "of batch 1");
    is_mem(feeds[1].data, want_y, sizeof want_y, "its values");
    ok((uintptr_t)feeds[0].data % 16 == 0, "elements are aligned");
    is_int(oq_dataset_sample(dataset, 4, arena, feeds, &diag), OQ_ARG, "there is no sample after the last");
    oq_arena_free(arena);
    oq_dataset_close(dataset);
    oq_model_destroy(model);
}

static void takes_no_more_than_asked(void)
{
    oq_model *model = fixture_model("x:float[2,3] y:int64[N,2]");
    oq_dataset_options options = {.max_samples = 3};
    oq_dataset *dataset = opened(model, write_npz("two.npz", false), &options);
    oq_arena *arena = oq_arena_new(0);
    oq_array feeds[2];
    const float want[3] = {0, 6, 12}; /* samples 0, 1 and 2 of 4 */

    is_int(oq_dataset_count(dataset), 3, "at most as many samples as asked for");
    ok(strncmp(oq_dataset_describe(dataset), "3 of 4 samples of ", 18) == 0, "described so");
    for (size_t i = 0; i < 3; i++) {
        oq_dataset_sample(dataset, i, arena, feeds, &diag);
        is_float(*(const float *)feeds[0].data, want[i], 0, "evenly spread");
    }
    oq_dataset_close(dataset);
    options.max_samples = 2;
    dataset = opened(model, write_npz("two.npz", false), &options);
    oq_dataset_sample(dataset, 1, arena, feeds, &diag);
    is_float(*(const float *)feeds[0].data, 12, 0, "two of four are the first and the third");
    oq_arena_free(arena);
    oq_dataset_close(dataset);
    oq_model_destroy(model);
}

static void takes_arrays_by_other_names(void)
{
    const char *const renames[1] = {"image=x"};
    oq_dataset_options options = {.renames = renames, .n_renames = 1};
    oq_model *model = fixture_model("image:float[N,2,3]"),
             *both = fixture_model("image:float[N,2,3] y:int64[N,2]");
    const char *path = fixture_path("one.npz");
    fixture_zip zip = fixture_zip_open(path);
    static const float zeros[12];
    oq_dataset *dataset = opened(both, write_npz("two.npz", false), &options);

    oq_dataset_close(dataset);
    fixture_zip_array(&zip, "arr_0", false, F4("2, 2, 3"), zeros, sizeof zeros);
    fixture_zip_close(&zip);
    dataset = opened(model, path, NULL);
    ok(strstr(oq_dataset_describe(dataset), "(array 'arr_0' feeds input 'image')") != NULL,
       "the only array for the only input is told");
    oq_dataset_close(dataset);
    is_int(oq_dataset_open(model->graph, path, &options, &dataset, &diag), OQ_ARG,
           "a rename to an absent array fails");
    ok(strstr(diag.message, "no array 'x' (for input 'image'); the file has 'arr_0'") != NULL,
       "and says what there is");
    oq_model_destroy(model);
    model = fixture_model("x:float[N,2,3]");
    is_int(oq_dataset_open(model->graph, path, &options, &dataset, &diag), OQ_ARG,
           "a rename of no input fails");
    ok(strstr(diag.message, "--input image=x: it must be INPUT=ARRAY; the model's inputs are 'x'") != NULL,
       "and says which there are");
    oq_model_destroy(model);
    oq_model_destroy(both);
}

static void tells_what_does_not_fit(void)
{
    const char *path = write_npz("two.npz", false);

    refused("x:float[N,2,3] z:float[N]", path, OQ_SHAPE,
            "no array for input 'z'; the file has 'y', 'x', 'label'; if it "
            "is 'y', give --input z=y");
    refused("x:float[N,2,4]", path, OQ_SHAPE,
            "two.npz: array 'x' has shape [4,2,3], input 'x' wants [N,2,4]; resize the data");
    refused("x:float[N,2,3,1,1]", path, OQ_SHAPE,
            "wants [N,2,3,1,1] for each sample; samples go along a first axis");
    refused("x:float[2,2,3]", path, OQ_SHAPE, "give it 2 at a time as [SAMPLES,2,2,3]");
    refused("x:int8[N,2,3]", path, OQ_SHAPE,
            "array 'x' is float, input 'x' wants int8; convert it with a.astype()");
    refused("y:float[N,2]", path, OQ_SHAPE,
            "array 'y' is int64, input 'y' wants float; convert it (and scale it");
    refused("x:float[N,2,3] label:int64[N]", path, OQ_SHAPE,
            "array 'label' has 5 samples, the arrays of the inputs "
            "before it have 4");
    refused("x:float[2,T] y:int64[N,T]", path, OQ_SHAPE,
            "dimension 'T' is 3 elsewhere and 2 in axis 1 of input 'y'");
    refused("x:float[N,2,3]", fixture_path("absent.npz"), OQ_IO, "No such file");
    fixture_write(fixture_path("samples.txt"), "hello", 5);
    refused("x:float[N,2,3]", fixture_path("samples.txt"), OQ_ARG, "not a form of samples");
}

static void refuses_empty_data(void)
{
    const char *path = fixture_path("empty.npz");
    fixture_zip zip = fixture_zip_open(path);

    fixture_zip_array(&zip, "x", false, F4("0, 3"), "", 0);
    fixture_zip_close(&zip);
    refused("x:float[N,3]", path, OQ_SHAPE, "array 'x' has shape [0,3]: no samples in it");
    zip = fixture_zip_open(path);
    fixture_zip_add(&zip, "readme.txt", false, "hello", 5);
    fixture_zip_close(&zip);
    refused("x:float[N,3]", path, OQ_SHAPE, "no array for input 'x'; the file has none");
}

static void proposes_to_move_channels(void)
{
    const char *path = fixture_path("nhwc.npz");
    fixture_zip zip = fixture_zip_open(path);
    static const float zeros[2 * 4 * 5 * 3];

    fixture_zip_array(&zip, "x", false, F4("2, 4, 5, 3"), zeros, sizeof zeros);
    fixture_zip_close(&zip);
    refused("x:float[N,3,4,5]", path, OQ_SHAPE, "move the channels: a.transpose(0, 3, 1, 2)");
}

/* ---- types and orders of elements */

static void write_npy(const char *path, const char *dictionary, const void *data, size_t size)
{
    oq_buf file = {0};

    fixture_npy(&file, dictionary, data, size);
    fixture_write(path, file.data, file.size);
    oq_buf_free(&file);
}

/* The first sample of an npy file, for an input x. */
static oq_status first_sample(const char *inputs, const char *dictionary, const void *data, size_t size,
                              oq_arena *arena, oq_array *feed)
{
    oq_model *model = fixture_model(inputs);
    const char *path = fixture_path("x.npy");
    oq_dataset *dataset = NULL;
    oq_status status;

    write_npy(path, dictionary, data, size);
    oq_diag_clear(&diag);
    status = oq_dataset_open(model->graph, path, NULL, &dataset, &diag);
    if (status == OQ_OK)
        status = oq_dataset_sample(dataset, 0, arena, feed, &diag);
    if (status == OQ_OK)
        feed->data =
            oq_arena_copy(arena, feed->data, feed->size); /* it may lie in the file, which is closed */
    oq_dataset_close(dataset);
    oq_model_destroy(model);
    return status;
}

static void converts_what_loses_nothing(void)
{
    oq_arena *arena = oq_arena_new(0);
    const double wide[2] = {0.1, -1e30};
    const float narrow[2] = {0.1f, -1e30f};
    const int32_t i32[2] = {-5, 7};
    const int64_t i64[2] = {-5, 7};
    const uint8_t u8[2] = {0, 255};
    const int32_t u8_wide[2] = {0, 255};
    const uint16_t half[2] = {0x3c00, 0xc000};
    const float half_wide[2] = {1, -2};
    const double too_large[1] = {1e300};
    const int64_t too_wide[1] = {INT64_C(1) << 40};
    oq_array x;

    is_int(first_sample("x:float[N,2]", "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }", wide,
                        16, arena, &x),
           OQ_OK, "float64 for a float input");
    is_mem(x.data, narrow, 8, "is rounded");
    is_int(first_sample("x:float[N,2]", "{'descr': '<f2', 'fortran_order': False, 'shape': (1, 2), }", half,
                        4, arena, &x),
           OQ_OK, "float16 for a float input");
    is_mem(x.data, half_wide, 8, "is widened");
    is_int(first_sample("x:int64[N,2]", "{'descr': '<i4', 'fortran_order': False, 'shape': (1, 2), }", i32, 8,
                        arena, &x),
           OQ_OK, "int32 for an int64 input");
    is_mem(x.data, i64, 16, "is widened");
    is_int(first_sample("x:int32[N,2]", I8("1, 2"), i64, 16, arena, &x), OQ_OK, "int64 for an int32 input");
    is_mem(x.data, i32, 8, "is narrowed");
    is_int(first_sample("x:int32[N,2]", "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2), }", u8, 2,
                        arena, &x),
           OQ_OK, "uint8 for an int32 input");
    is_mem(x.data, u8_wide, 8, "is widened without sign");
    is_int(first_sample("x:int32[N,1]", I8("1, 1"), too_wide, 8, arena, &x), OQ_RANGE,
           "unless a value does not fit");
    ok(strstr(diag.message, "element 0 does not fit type int32") != NULL, "which is told");
    is_int(first_sample("x:float[N,1]", "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }",
                        too_large, 8, arena, &x),
           OQ_RANGE, "also for float64");
    is_int(first_sample("x:float[N,2]", "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2), }", u8, 2,
                        arena, &x),
           OQ_SHAPE, "uint8 is refused for a float input: it needs scaling");
    is_int(first_sample("x:uint8[N,2]", "{'descr': '|b1', 'fortran_order': False, 'shape': (1, 2), }", u8, 2,
                        arena, &x),
           OQ_SHAPE, "bool is no number");
    oq_arena_free(arena);
}

static void reads_other_orders(void)
{
    oq_arena *arena = oq_arena_new(0);
    const unsigned char big[8] = {0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0}; /* 1, -2 */
    const float values[2] = {1, -2};
    float fortran[2 * 2 * 3], first[6];
    oq_array x;

    is_int(first_sample("x:float[N,2]", "{'descr': '>f4', 'fortran_order': False, 'shape': (1, 2), }", big, 8,
                        arena, &x),
           OQ_OK, "a big-endian array is read");
    is_mem(x.data, values, 8, "and swapped");
    for (int n = 0; n < 2; n++) {
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 3; j++)
                fortran[n + 2 * (i + 2 * j)] = (float)(n * 6 + i * 3 + j);
        }
    }
    fill(first, 6, 0);
    is_int(first_sample("x:float[N,2,3]", "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2, 3), }",
                        fortran, 48, arena, &x),
           OQ_OK, "a Fortran-order array is read");
    is_mem(x.data, first, sizeof first, "and put into C order");
    oq_arena_free(arena);
}

static void uses_aligned_samples_in_place(void)
{
    oq_model *model = fixture_model("x:float[N,16]");
    oq_arena *arena = oq_arena_new(0);
    const char *path = fixture_path("aligned.npy");
    oq_dataset *dataset;
    oq_array feeds[1];
    float values[64 * 16];
    size_t used;

    fill(values, 64 * 16, 0);
    write_npy(path, F4("64, 16"), values, sizeof values);
    dataset = opened(model, path, NULL);
    used = oq_arena_used(arena);
    for (size_t i = 0; i < 64; i++) {
        if (oq_dataset_sample(dataset, i, arena, feeds, &diag) != OQ_OK ||
            *(const float *)feeds[0].data != (float)(16 * i))
            tap_bail("sample %zu is wrong", i);
    }
    is_int(oq_arena_used(arena), used, "aligned samples are used where they lie, without a copy");
    oq_dataset_close(dataset);
    oq_arena_free(arena);
    oq_model_destroy(model);
}

/* ---- inputs with a default */

static void feeds_defaults(void)
{
    oq_model *model = fixture_model("x:float[N,2,3] s:float[2]");
    const float values[2] = {8, 9};
    oq_arena *arena = oq_arena_new(0);
    oq_array feeds[2];
    oq_dataset *dataset;

    oq_value_set_constant(model->graph->inputs[1],
                          oq_tensor_from_floats(model->arena, values, (const int64_t[]){2}, 1));
    dataset = opened(model, write_npz("two.npz", false), NULL);
    is_int(oq_dataset_sample(dataset, 0, arena, feeds, &diag), OQ_OK,
           "an input with a default needs no array");
    is_mem(feeds[1].data, values, sizeof values, "and takes its default");
    oq_dataset_close(dataset);
    oq_arena_free(arena);
    oq_model_destroy(model);
}

/* ---- folders */

static const char *make_folder(const char *name)
{
    const char *path = fixture_path(name);

    if (mkdir(path, 0700) != 0)
        tap_bail("cannot make %s", path);
    return path;
}

static const char *inside(const char *folder, const char *name)
{
    char both[256];

    snprintf(both, sizeof both, "%s/%s", folder, name);
    return fixture_path(both);
}

static void reads_a_folder_of_npy(void)
{
    oq_model *model = fixture_model("x:float[N,3]");
    oq_arena *arena = oq_arena_new(0);
    const float a[6] = {1, 2, 3, 4, 5, 6};
    const char *folder = make_folder("npys");
    oq_dataset *dataset;
    oq_array x;

    write_npy(inside("npys", "b.npy"), F4("2, 3"), a, 24);
    write_npy(inside("npys", "a.npy"), F4("3,"), a + 3, 12);
    fixture_write(inside("npys", "labels.txt"), "1 2", 3);
    dataset = opened(model, folder, NULL);
    is_int(oq_dataset_count(dataset), 2, "each file is a sample, other files are none");
    oq_dataset_sample(dataset, 0, arena, &x, &diag);
    is_float(*(const float *)x.data, 4, 0, "they are sorted by name");
    is_int(x.rank * 100 + x.dims[0] * 10 + x.dims[1], 213, "a leading axis of 1 may be left off");
    oq_dataset_sample(dataset, 1, arena, &x, &diag);
    is_int(x.dims[0], 2, "a file is the whole sample");
    oq_dataset_close(dataset);
    write_npy(inside("npys", "c.npy"), F4("2, 2"), a, 16);
    refused("x:float[N,3]", folder, OQ_SHAPE, "c.npy: the array has shape [2,2], input 'x' wants [N,3]");
    refused("x:float[N,3] y:float[N,3]", folder, OQ_SHAPE, "one array, but the model has 2 inputs");
    oq_arena_free(arena);
    oq_model_destroy(model);
}

static void reads_a_folder_of_npz(void)
{
    oq_model *model = fixture_model("x:float[N,3] y:int64[]");
    oq_arena *arena = oq_arena_new(0);
    const float x[3] = {1, 2, 3};
    const char *folder = make_folder("npzs");
    oq_dataset *dataset;
    oq_array feeds[2];

    for (int64_t i = 0; i < 3; i++) {
        char name[20];
        fixture_zip zip;

        snprintf(name, sizeof name, "%d.npz", (int)i);
        zip = fixture_zip_open(inside("npzs", name));
        fixture_zip_array(&zip, "x", i == 1, F4("1, 3"), x, sizeof x);
        fixture_zip_array(&zip, "y", i == 1, I8(""), &i, sizeof i);
        fixture_zip_close(&zip);
    }
    dataset = opened(model, folder, NULL);
    is_int(oq_dataset_count(dataset), 3, "each npz is a sample");
    is_int(oq_dataset_sample(dataset, 2, arena, feeds, &diag), OQ_OK, "of several arrays");
    is_int(*(const int64_t *)feeds[1].data, 2, "scalars too");
    oq_dataset_close(dataset);
    refused("x:float[N,3] z:float[N]", folder, OQ_SHAPE, "0.npz: no array for input 'z'");
    oq_arena_free(arena);
    oq_model_destroy(model);
}

/* A float TensorProto of one axis. */
static void write_pb(const char *path, const float *values, unsigned char n)
{
    oq_buf pb = {0};

    oq_buf_append(&pb, (const unsigned char[]){0x08, n, 0x10, 1, 0x4a, (unsigned char)(4 * n)}, 6);
    oq_buf_append(&pb, values, 4u * n);
    fixture_write(path, pb.data, pb.size);
    oq_buf_free(&pb);
}

static void reads_test_data_sets(void)
{
    oq_model *model = fixture_model("x:float[2] y:float[N]");
    oq_arena *arena = oq_arena_new(0);
    const char *folder = make_folder("case");
    oq_dataset *dataset;
    oq_array feeds[2];

    for (int i = 0; i < 11; i++) {
        const float x[2] = {(float)i, 1}, y[1] = {5};
        char name[64];

        snprintf(name, sizeof name, "case/test_data_set_%d", i);
        make_folder(name);
        write_pb(inside(name, "input_0.pb"), x, 2);
        write_pb(inside(name, "input_1.pb"), y, 1);
        write_pb(inside(name, "output_0.pb"), y, 1);
    }
    dataset = opened(model, folder, NULL);
    is_int(oq_dataset_count(dataset), 11, "each test_data_set folder is a sample");
    oq_dataset_sample(dataset, 10, arena, feeds, &diag);
    is_float(*(const float *)feeds[0].data, 10, 0, "in the order of their numbers");
    is_float(*(const float *)feeds[1].data, 5, 0, "input_K.pb feeds input K");
    oq_dataset_close(dataset);
    dataset = opened(model, inside("case", "test_data_set_3"), NULL);
    is_int(oq_dataset_count(dataset), 1, "one such folder is a sample by itself");
    oq_dataset_sample(dataset, 0, arena, feeds, &diag);
    is_float(*(const float *)feeds[0].data, 3, 0, "with its values");
    oq_dataset_close(dataset);
    refused("x:float[2]", folder, OQ_SHAPE, "2 files input_K.pb, the model has 1 inputs");
    refused("x:float[3] y:float[N]", folder, OQ_SHAPE,
            "input_0.pb: the tensor has shape [2], input 'x' wants [3]");
    fixture_write(inside("case", "x.npy"), "", 0);
    refused("x:float[2] y:float[N]", folder, OQ_ARG, "give a folder of one kind");
    refused("x:float[2] y:float[N]", make_folder("nothing"), OQ_ARG,
            "no .npz, .npy, .pb, .jpg or .png files");
    oq_arena_free(arena);
    oq_model_destroy(model);
}

/* ---- digest */

static void digest_of(const char *inputs, const char *path, char hex[65])
{
    oq_model *model = fixture_model(inputs);
    oq_dataset *dataset = opened(model, path, NULL);

    is_int(oq_dataset_digest(dataset, hex, &diag), OQ_OK, "a digest is taken");
    oq_dataset_close(dataset);
    oq_model_destroy(model);
}

static void digests_what_is_fed(void)
{
    char stored[65], deflated[65], other[65], empty_name[65];

    digest_of("x:float[2,3] y:int64[N,2]", write_npz("two.npz", false), stored);
    digest_of("x:float[2,3] y:int64[N,2]", write_npz("packed.npz", true), deflated);
    digest_of("y:int64[N,2]", write_npz("two.npz", false), other);
    digest_of("x:float[N,2,3] y:int64[N,2]", write_npz("two.npz", false), empty_name);
    is_int(strlen(stored), 64, "of 64 digits");
    is_str(deflated, stored, "the same for the same samples in another file");
    ok(strcmp(other, stored) != 0, "another for other inputs");
    ok(strcmp(empty_name, stored) != 0, "another for other shapes");
}

/* ---- samples of a program */

static oq_status fetch(void *arg, size_t sample, oq_arena *arena, oq_array *feeds, oq_diag *d)
{
    float *x = oq_arena_alloc(arena, 64);

    (void)d;
    x[0] = x[1] = (float)sample;
    feeds[0] = (oq_array){
        .dtype = OQ_FLOAT, .rank = 2, .dims = {1, *(const int *)arg}, .n = 2, .data = x, .size = 8};
    return OQ_OK;
}

static void takes_samples_of_a_program(void)
{
    oq_model *model = fixture_model("x:float[N,2]");
    oq_arena *arena = oq_arena_new(0);
    oq_dataset *dataset = NULL;
    oq_array x;
    int width = 2;

    is_int(oq_dataset_from_callback(model->graph, 0, fetch, &width, &dataset, &diag), OQ_ARG,
           "no samples are refused");
    is_int(oq_dataset_from_callback(model->graph, 5, fetch, &width, &dataset, &diag), OQ_OK,
           "a program gives samples");
    is_int(oq_dataset_count(dataset), 5, "as many as it says");
    is_str(oq_dataset_describe(dataset), "5 samples", "described so");
    is_int(oq_dataset_sample(dataset, 4, arena, &x, &diag), OQ_OK, "a sample is fetched");
    is_float(*(const float *)x.data, 4, 0, "the one asked for");
    width = 3;
    is_int(oq_dataset_sample(dataset, 4, arena, &x, &diag), OQ_SHAPE, "and checked");
    ok(strstr(diag.message, "sample 4 of the program has shape [1,3], input 'x' wants [N,2]") != NULL,
       "by name");
    oq_dataset_close(dataset);
    oq_arena_free(arena);
    oq_model_destroy(model);
}

/* ---- threads and memory */

typedef struct shared {
    const oq_dataset *dataset;
    int n_wrong[8];
} shared;

static void look(void *arg, size_t index, int worker)
{
    shared *s = arg;
    oq_arena *arena = oq_arena_new(0);
    oq_array feeds[2];

    if (oq_dataset_sample(s->dataset, index % 4, arena, feeds, NULL) != OQ_OK ||
        *(const float *)feeds[0].data != (float)(index % 4 * 6))
        s->n_wrong[worker]++;
    oq_arena_free(arena);
}

static void serves_threads(void)
{
    oq_model *model = fixture_model("x:float[2,3] y:int64[N,2]");
    oq_dataset *dataset = opened(model, write_npz("two.npz", true), NULL);
    oq_pool *pool = oq_pool_new(4);
    shared s = {.dataset = dataset};

    oq_pool_run(pool, 2000, look, &s);
    is_int(s.n_wrong[0] + s.n_wrong[1] + s.n_wrong[2] + s.n_wrong[3], 0, "samples are right from any thread");
    oq_pool_free(pool);
    oq_dataset_close(dataset);
    oq_model_destroy(model);
}

static long resident_kb(void)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    long kb = -1;

    while (f && fgets(line, sizeof line, f))
        sscanf(line, "RssFile: %ld", &kb);
    if (f)
        fclose(f);
    return kb;
}

static void holds_little_memory(void)
{
    enum { SAMPLES = 64, WIDTH = 262144 }; /* 64 MiB */
    oq_model *model = fixture_model("x:float[N,262144]");
    const char *path = fixture_path("large.npz");
    fixture_zip zip = fixture_zip_open(path);
    float *values = calloc((size_t)SAMPLES * WIDTH, sizeof *values);
    oq_arena *arena = oq_arena_new(0);
    oq_dataset *dataset;
    oq_array x;
    long before, most = 0;

    if (!values)
        tap_bail("no memory");
    fixture_zip_array(&zip, "x", false, F4("64, 262144"), values, (size_t)SAMPLES * WIDTH * sizeof *values);
    fixture_zip_close(&zip);
    free(values);
    before = resident_kb();
    dataset = opened(model, path, NULL);
    for (size_t i = 0; i < SAMPLES; i++) {
        long now;

        oq_arena_reset(arena);
        oq_dataset_sample(dataset, i, arena, &x, &diag);
        now = resident_kb() - before;
        most = now > most ? now : most;
    }
    if (before < 0)
        tap_skip(1, "no /proc/self/status");
    else if (!ok(most < 8 * 1024, "a 64 MiB file never takes 8 MiB of memory"))
        tap_diag("it took %ld kB", most);
    oq_dataset_close(dataset);
    oq_arena_free(arena);
    oq_model_destroy(model);
}

int main(void)
{
    npz_gives_samples(false);
    npz_gives_samples(true);
    takes_no_more_than_asked();
    takes_arrays_by_other_names();
    tells_what_does_not_fit();
    refuses_empty_data();
    proposes_to_move_channels();
    converts_what_loses_nothing();
    reads_other_orders();
    uses_aligned_samples_in_place();
    feeds_defaults();
    reads_a_folder_of_npy();
    reads_a_folder_of_npz();
    reads_test_data_sets();
    digests_what_is_fed();
    takes_samples_of_a_program();
    serves_threads();
    holds_little_memory();
    return tap_done();
}
