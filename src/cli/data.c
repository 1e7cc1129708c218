/* data: the data options of the command line as the library takes them. */
#include <string.h>

#include "cli/cli.h"

void cli_fill_data(const cli_settings *s, oq_data_options *data)
{
    data->path = s->calib;
    data->n_samples = (size_t)s->calib_samples;
    data->renames = s->inputs.items;
    data->n_renames = s->inputs.n;
    data->image_width = s->image_size[0];
    data->image_height = s->image_size[1];
    memcpy(data->mean, s->mean, sizeof data->mean);
    memcpy(data->std, s->std, sizeof data->std);
    data->layout = s->layout;
    data->color = s->image_color;
    data->resize = s->resize;
}
