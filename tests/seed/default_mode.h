/* default_mode: the same networks through the public interface, as a user converts them. */
#ifndef DEFAULT_MODE_H
#define DEFAULT_MODE_H

#include "seed/seed_mode.h"

typedef struct default_figures {
    double integer_db; /* integer run against the float model, on the evaluation batch */
    double fake_db;    /* the converted file in float arithmetic against the float model */
    double between_db; /* integer against float arithmetic */
} default_figures;

/* change: sets what differs from the defaults; NULL: nothing. Bails out when a step fails. */
typedef void change_options(oq_options *options);
default_figures default_convert(const char *model, const seed_samples *samples, change_options *change);

#endif
