/* source_image: a folder of JPEG and PNG pictures for a model with one picture input. */
#include "config.h"

#include "data/source.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "data/feed.h"
#include "data/folder.h"
#include "data/image.h"

typedef struct gallery {
    const char **paths;
    const oq_value *input; /* the one that takes the picture */
    int index;             /* of it among the graph's inputs */
    oq_image_plan plan;
    oq_array shape; /* of the feed, without data */
} gallery;

/* ---- what the input wants */

static bool is_channels(int64_t size)
{
    return size == 1 || size == 3;
}

static bool may_be_channels(int64_t size)
{
    return size < 0 || is_channels(size);
}

static oq_status choose_layout(const oq_value *input, int first, const oq_dataset_options *options,
                               oq_image_plan *plan, oq_diag *diag)
{
    int64_t c = input->shape.dims[first].size, last = input->shape.dims[first + 2].size;
    bool is_nchw = may_be_channels(c) && (!may_be_channels(last) || (is_channels(c) && !is_channels(last)));
    bool is_nhwc = may_be_channels(last) && (!may_be_channels(c) || (is_channels(last) && !is_channels(c)));
    char wants[256];

    plan->is_nhwc = options->layout == OQ_LAYOUT_NHWC;
    if (options->layout != OQ_LAYOUT_AUTO)
        return OQ_OK;
    plan->is_nhwc = is_nhwc;
    if (!is_nchw && !is_nhwc)
        OQ_FAIL(diag, OQ_ARG, "input '%s' wants %s: which axis is the colour? give --layout nchw or nhwc",
                input->name, oq_shape_text(&input->shape, wants, sizeof wants));
    return OQ_OK;
}

static oq_status choose_channels(const oq_value *input, int64_t channels, const oq_dataset_options *options,
                                 oq_image_plan *plan, oq_diag *diag)
{
    plan->color = options->color;
    if (channels < 0)
        channels = options->color == OQ_COLOR_GRAY ? 1 : 3;
    if (!is_channels(channels))
        OQ_FAIL(diag, OQ_SHAPE, "input '%s' wants %" PRId64 " channels; pictures give 3, or 1 in grey",
                input->name, channels);
    if (channels == 3 && options->color == OQ_COLOR_GRAY)
        OQ_FAIL(diag, OQ_ARG, "input '%s' wants 3 channels, but --color gray gives 1", input->name);
    if (channels == 1)
        plan->color = OQ_COLOR_GRAY; /* the only way to one channel */
    plan->channels = (int)channels;
    return OQ_OK;
}

/* The size that the input fixes, or else the one asked for. */
static oq_status choose_size(const oq_value *input, int64_t fixed, int asked, const char *side, int *out,
                             oq_diag *diag)
{
    if (fixed < 0 && !asked)
        OQ_FAIL(diag, OQ_ARG, "input '%s' leaves the %s of pictures open; give --image-size", input->name,
                side);
    if (fixed >= 0 && asked && fixed != asked)
        OQ_FAIL(diag, OQ_SHAPE, "--image-size asks for %s %d, input '%s' wants %" PRId64, side, asked,
                input->name, fixed);
    if (asked < 0 || fixed == 0 || fixed > (int64_t)OQ_IMAGE_MAX_PIXELS)
        OQ_FAIL(diag, OQ_ARG, "input '%s': a picture cannot have %s %" PRId64, input->name, side,
                asked < 0 ? asked : fixed);
    *out = fixed >= 0 ? (int)fixed : asked;
    return OQ_OK;
}

static oq_status choose_scale(const oq_value *input, const oq_dataset_options *options, oq_image_plan *plan,
                              oq_diag *diag)
{
    bool is_identity = true;

    for (int c = 0; c < 3; c++) {
        plan->mean[c] = options->mean[c];
        plan->std[c] = options->std[c] == 0.0f ? 1.0f : options->std[c];
        if (!isfinite(plan->mean[c]) || !isfinite(plan->std[c]))
            OQ_FAIL(diag, OQ_ARG, "--mean and --std must be finite numbers");
        is_identity = is_identity && plan->mean[c] == 0.0f && plan->std[c] == 1.0f;
    }
    if (input->dtype != OQ_FLOAT && input->dtype != OQ_UINT8)
        OQ_FAIL(diag, OQ_SHAPE, "input '%s' wants %s; pictures give float or uint8", input->name,
                oq_dtype_name(input->dtype));
    if (input->dtype == OQ_UINT8 && !is_identity)
        OQ_FAIL(diag, OQ_ARG,
                "input '%s' wants uint8, so pixels go in as they are: leave off --mean and --std",
                input->name);
    return OQ_OK;
}

static oq_status make_plan(gallery *g, const oq_dataset_options *options, oq_diag *diag)
{
    const oq_shape *want = &g->input->shape;
    oq_image_plan *plan = &g->plan;
    int first = want->rank - 3, height, width; /* first: axis after the batch */
    int asked_width = options->image_width, asked_height = options->image_height;
    char wants[256];

    if (g->input->is_opaque_type || want->rank < 3 || want->rank > 4 || (first && want->dims[0].size > 1))
        OQ_FAIL(diag, OQ_SHAPE,
                "input '%s' wants %s; a picture gives [1,3,HEIGHT,WIDTH] or [1,HEIGHT,WIDTH,3]",
                g->input->name, oq_shape_text(want, wants, sizeof wants));
    plan->resize = options->resize;
    OQ_TRY(choose_layout(g->input, first, options, plan, diag));
    OQ_TRY(
        choose_channels(g->input, want->dims[plan->is_nhwc ? first + 2 : first].size, options, plan, diag));
    height = plan->is_nhwc ? first : first + 1;
    width = height + 1;
    OQ_TRY(choose_size(g->input, want->dims[height].size, asked_height ? asked_height : asked_width, "height",
                       &plan->height, diag));
    OQ_TRY(choose_size(g->input, want->dims[width].size, asked_width ? asked_width : asked_height, "width",
                       &plan->width, diag));
    OQ_TRY(choose_scale(g->input, options, plan, diag));
    g->shape = (oq_array){.dtype = g->input->dtype, .rank = want->rank};
    g->shape.dims[0] = 1;
    g->shape.dims[plan->is_nhwc ? first + 2 : first] = plan->channels;
    g->shape.dims[height] = plan->height;
    g->shape.dims[width] = plan->width;
    return OQ_OK;
}

/* ---- open */

static oq_status list_pictures(oq_dataset *dataset, gallery *g, oq_diag *diag)
{
    struct stat st;
    bool is_folder = stat(dataset->path, &st) != 0 || S_ISDIR(st.st_mode);

    if (!is_folder) {
        g->paths = oq_arena_copy(dataset->arena, &dataset->path, sizeof dataset->path);
        dataset->n_found = 1;
    } else {
        OQ_TRY(oq_folder_list(dataset->path, oq_is_image_name, dataset->arena, &g->paths, &dataset->n_found,
                              diag));
    }
    for (size_t i = 0; is_folder && g->paths && i < dataset->n_found; i++) {
        g->paths[i] = oq_arena_printf(dataset->arena, "%s/%s", dataset->path, g->paths[i]);
        if (!g->paths[i])
            g->paths = NULL;
    }
    if (!g->paths)
        OQ_FAIL(diag, OQ_NOMEM, "no memory to open it");
    return OQ_OK;
}

static oq_status find_input(const oq_dataset *dataset, gallery *g, oq_diag *diag)
{
    const oq_graph *graph = dataset->graph;

    if (oq_n_required_inputs(graph) != 1)
        OQ_FAIL(diag, OQ_SHAPE,
                "pictures feed one input, the model has %d; save an npz with one array per input",
                oq_n_required_inputs(graph));
    for (int k = 0; k < graph->n_inputs; k++) {
        if (!graph->inputs[k]->constant) {
            g->input = graph->inputs[k];
            g->index = k;
        }
    }
    return OQ_OK;
}

static const char *note(const oq_dataset *dataset, const oq_image_plan *plan)
{
    static const char *const how[] = {
        [OQ_RESIZE_STRETCH] = "stretched", [OQ_RESIZE_CROP] = "cropped", [OQ_RESIZE_PAD] = "padded"};
    static const char *const color[] = {
        [OQ_COLOR_RGB] = "RGB", [OQ_COLOR_BGR] = "BGR", [OQ_COLOR_GRAY] = "grey"};

    return oq_arena_printf(dataset->arena, "%s to %dx%d, %s", how[plan->resize], plan->width, plan->height,
                           color[plan->color]);
}

static oq_status open_images(oq_dataset *dataset, const oq_dataset_options *options, oq_diag *diag)
{
    static const oq_dataset_options defaults = {0};
    gallery *g = OQ_NEW(dataset->arena, gallery);

    if (!g)
        OQ_FAIL(diag, OQ_NOMEM, "no memory to open it");
    dataset->state = g;
    OQ_TRY(find_input(dataset, g, diag));
    OQ_TRY(make_plan(g, options ? options : &defaults, diag));
    OQ_TRY(list_pictures(dataset, g, diag));
    dataset->note = note(dataset, &g->plan);
    return OQ_OK;
}

/* ---- sample */

static oq_status fill_feed(const gallery *g, const oq_image *image, oq_arena *arena, oq_array *feed,
                           oq_diag *diag)
{
    float *floats;
    unsigned char *bytes;

    *feed = g->shape;
    feed->n = (size_t)g->plan.channels * (size_t)g->plan.height * (size_t)g->plan.width;
    feed->size = feed->n * (feed->dtype == OQ_FLOAT ? sizeof *floats : 1);
    floats = oq_arena_alloc(arena, feed->n * sizeof *floats + 64);
    if (!floats)
        OQ_FAIL(diag, OQ_NOMEM, "no memory for a picture of %d x %d", g->plan.width, g->plan.height);
    feed->data = floats;
    OQ_TRY(oq_image_floats(image, &g->plan, floats, diag));
    if (feed->dtype == OQ_FLOAT)
        return OQ_OK;
    bytes = oq_arena_alloc(arena, feed->n + 64);
    if (!bytes)
        OQ_FAIL(diag, OQ_NOMEM, "no memory for a picture of %d x %d", g->plan.width, g->plan.height);
    for (size_t i = 0; i < feed->n; i++)
        bytes[i] = (unsigned char)floats[i]; /* whole numbers in 0..255: mean 0, std 1 */
    feed->data = bytes;
    return OQ_OK;
}

static oq_status sample(const oq_dataset *dataset, size_t index, oq_arena *arena, oq_array *feeds,
                        oq_diag *diag)
{
    const gallery *g = dataset->state;
    const oq_graph *graph = dataset->graph;
    oq_image image;
    oq_status status;

    for (int k = 0; k < graph->n_inputs; k++) {
        if (k != g->index)
            OQ_TRY(oq_feed_default(graph->inputs[k], arena, &feeds[k], diag));
    }
    OQ_TRY(oq_image_read(g->paths[index], &image, diag));
    status = fill_feed(g, &image, arena, &feeds[g->index], diag);
    oq_image_free(&image);
    return status;
}

static void close_images(oq_dataset *dataset)
{
    (void)dataset; /* the list lies in the arena */
}

const oq_source oq_source_images = {"images", open_images, sample, close_images};
