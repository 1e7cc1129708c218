/* The same pictures as Pillow reads and resizes them: equal bit for bit after a PNG, and after a JPEG by the
 * same libjpeg within its rounding. Needs Python with Pillow and NumPy (environment variable PYTHON). */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/image.h"
#include "data/npy.h"
#include "fixture.h"
#include "tap/tap.h"

static const char script[] =
    "import sys\n"
    "import numpy as np\n"
    "from PIL import Image\n"
    "out = sys.argv[1]\n"
    "rng = np.random.default_rng(3)\n"
    "a = rng.integers(0, 256, (37, 53, 3), dtype=np.uint8)\n"
    "a = np.kron(a[:9, :13], np.ones((5, 5, 1), np.uint8))[:37, :53] // 2 + a // 2\n"
    "im = Image.fromarray(a)\n"
    "im.save(out + '/rgb.png')\n"
    "im.save(out + '/rgb.jpg', quality=85)\n"
    "im.convert('CMYK').save(out + '/cmyk.jpg', quality=95)\n"
    "im.convert('L').save(out + '/grey.jpg', quality=85)\n"
    "im.quantize(16).save(out + '/palette.png')\n"
    "for name in 'rgb.png', 'rgb.jpg', 'cmyk.jpg', 'grey.jpg', 'palette.png':\n"
    "    seen = Image.open(out + '/' + name).convert('RGB')\n"
    "    for w, h in (53, 37), (24, 24), (7, 5), (100, 90), (53, 11), (1, 1):\n"
    "        np.save('%s/%s.%dx%d.npy' % (out, name, w, h), np.asarray(seen.resize((w, h), "
    "Image.BILINEAR)))\n"
    "np.save(out + '/luma.npy', np.asarray(Image.open(out + '/rgb.png').convert('L')))\n";

static bool run_script(void)
{
    const char *python = getenv("PYTHON");
    char command[8192];

    fixture_write(fixture_path("make.py"), script, sizeof script - 1);
    snprintf(command, sizeof command, "'%s' -c 'import numpy, PIL.Image' 2>/dev/null && '%s' '%s' '%s'",
             python ? python : "python3", python ? python : "python3", fixture_path("make.py"), tap_tmpdir());
    return system(command) == 0;
}

static int largest_difference(const unsigned char *a, const unsigned char *b, size_t n)
{
    int most = 0;

    for (size_t i = 0; i < n; i++)
        most = abs(a[i] - b[i]) > most ? abs(a[i] - b[i]) : most;
    return most;
}

static void compare(const char *name, int width, int height, int allowed)
{
    char path[128];
    oq_image image, scaled;
    oq_buf file;
    oq_npy npy;
    oq_diag diag;
    int most;

    snprintf(path, sizeof path, "%s.%dx%d.npy", name, width, height);
    file = fixture_read(fixture_path(path));
    if (oq_image_read(fixture_path(name), &image, &diag) != OQ_OK ||
        oq_image_scale(&image, width, height, &scaled, &diag) != OQ_OK ||
        oq_npy_parse(file.data, file.size, file.size, path, &npy, &diag) != OQ_OK)
        tap_bail("%s", diag.message);
    most = largest_difference(scaled.rgb, file.data + npy.offset, npy.size);
    if (!ok(most <= allowed, "%s at %dx%d is what Pillow gives", name, width, height))
        tap_diag("off by %d, allowed %d", most, allowed);
    oq_image_free(&image);
    oq_image_free(&scaled);
    oq_buf_free(&file);
}

static void compare_luma(void)
{
    oq_image_plan plan = {.width = 53, .height = 37, .channels = 1, .std = {1, 1, 1}};
    oq_buf file = fixture_read(fixture_path("luma.npy"));
    static float floats[53 * 37];
    oq_image image;
    oq_npy npy;
    oq_diag diag;
    int n_off = 0;

    if (oq_image_read(fixture_path("rgb.png"), &image, &diag) != OQ_OK ||
        oq_image_floats(&image, &plan, floats, &diag) != OQ_OK ||
        oq_npy_parse(file.data, file.size, file.size, "luma.npy", &npy, &diag) != OQ_OK)
        tap_bail("%s", diag.message);
    for (size_t i = 0; i < npy.size; i++)
        n_off += floats[i] != (float)file.data[npy.offset + i];
    is_int(n_off, 0, "grey is what Pillow's convert('L') gives");
    oq_image_free(&image);
    oq_buf_free(&file);
}

int main(void)
{
    static const char *const names[] = {"rgb.png", "palette.png", "rgb.jpg", "grey.jpg", "cmyk.jpg"};
    static const int sizes[][2] = {{53, 37}, {24, 24}, {7, 5}, {100, 90}, {53, 11}, {1, 1}};

    if (!run_script())
        tap_skip_all("Python with NumPy and Pillow is not here (set PYTHON)");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        /* another build of libjpeg may round its transform and its colours differently */
        int allowed = strstr(names[i], ".png") ? 0 : 3;

        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
            compare(names[i], sizes[k][0], sizes[k][1], allowed);
    }
    compare_luma();
    return tap_done();
}
