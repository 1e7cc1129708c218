/* Folders: what counts as a sample file, in which order, and which form a folder is. */
#include "config.h"

#include "data/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fixture.h"
#include "tap/tap.h"

static oq_diag diag;

static void knows_names(void)
{
    ok(oq_is_image_name("a.jpg") && oq_is_image_name("A.JPEG") && oq_is_image_name("a.b.png"), "pictures");
    ok(!oq_is_image_name("jpg") && !oq_is_image_name(".jpg") && !oq_is_image_name("a.gif"), "no pictures");
    ok(oq_is_array_name("a.npz") && oq_is_array_name("a.NPY") && oq_is_array_name("a.pb"), "arrays");
    ok(!oq_is_array_name("a.txt"), "no array");
    is_int(oq_name_number("test_data_set_12", "test_data_set_", ""), 12, "the number of a set");
    is_int(oq_name_number("input_3.pb", "input_", ".pb"), 3, "the number of an input");
    is_int(oq_name_number("input_.pb", "input_", ".pb"), -1, "no number");
    is_int(oq_name_number("input_3.pbx", "input_", ".pb"), -1, "another ending");
    is_int(oq_name_number("input_99999999999999999999.pb", "input_", ".pb"), -1, "a number too large");
}

static void lists_in_order(void)
{
    static const char *const files[] = {"b.npy", "a.npy", "B.npy", ".hidden.npy", "10.npy", "9.npy", "x.txt"};
    oq_arena *arena = oq_arena_new(0);
    const char **names, *folder = fixture_path("list");
    size_t n;

    mkdir(folder, 0700);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[64];

        snprintf(path, sizeof path, "list/%s", files[i]);
        fixture_write(fixture_path(path), "", 0);
    }
    is_int(oq_folder_list(folder, oq_is_array_name, arena, &names, &n, &diag), OQ_OK, "a folder is listed");
    if (!is_int(n, 5, "without hidden and other files"))
        tap_bail("wrong list");
    is_str(names[0], "10.npy", "byte by byte");
    is_str(names[2], "B.npy", "capitals first");
    is_str(names[4], "b.npy", "to the last");
    is_int(oq_folder_list(fixture_path("absent"), oq_is_array_name, arena, &names, &n, &diag), OQ_IO,
           "an absent folder is OQ_IO");
    oq_arena_free(arena);
}

static void form_is(const char *folder, const char *file, bool is_folder, const oq_source *want,
                    const char *name)
{
    char path[128];
    const oq_source *source = NULL;

    mkdir(fixture_path(folder), 0700);
    snprintf(path, sizeof path, "%s/%s", folder, file);
    if (is_folder)
        mkdir(fixture_path(path), 0700);
    else
        fixture_write(fixture_path(path), "", 0);
    oq_folder_form(fixture_path(folder), &source, &diag);
    ok(source == want, "%s", name);
}

static void tells_forms(void)
{
    const oq_source *source = NULL;

    form_is("f1", "a.npz", false, &oq_source_files, "a folder of npz files");
    form_is("f2", "a.jpg", false, &oq_source_images, "a folder of pictures");
    form_is("f3", "test_data_set_0", true, &oq_source_folders, "a folder of test data sets");
    form_is("f3", "model.onnx", false, &oq_source_folders, "the model beside them does not count");
    form_is("f4", "input_0.pb", false, &oq_source_folders, "a test data set itself");
    form_is("f5", "x.pb", false, &oq_source_files, "a folder of other pb files");
    fixture_write(fixture_path("f1/b.png"), "", 0);
    is_int(oq_folder_form(fixture_path("f1"), &source, &diag), OQ_ARG, "two kinds in one folder are refused");
    ok(strstr(diag.message, "holds 1 images, 1 arrays and 0 test_data_set folders") != NULL, "and counted");
}

int main(void)
{
    knows_names();
    lists_in_order();
    tells_forms();
    return tap_done();
}
