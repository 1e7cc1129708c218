/* sampling: what samples that run side by side have in common: how many are done, whether one failed, and
 * whether the user wants to go on.
 */
#ifndef OQ_QUANT_SAMPLING_H
#define OQ_QUANT_SAMPLING_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/diag.h"

/* Called from one thread at a time: done of total units of work; return false to cancel. */
typedef bool oq_progress_fn(void *arg, const char *stage, size_t done, size_t total);

typedef struct oq_sampling {
    const char *stage;
    size_t total;
    oq_progress_fn *progress; /* NULL: nobody asks */
    void *progress_arg;
    oq_diag *diag;        /* what the failed sample said goes here; NULL: nowhere */
    oq_status status;     /* OQ_OK, or of the lowest-numbered sample that failed */
    pthread_mutex_t lock; /* guards all this; the caller may take it for what samples share beside */
    atomic_bool stop;
    size_t n_done, fault_sample;
} oq_sampling;

void oq_sampling_begin(oq_sampling *sampling); /* the fields above status are set, the others zero */
void oq_sampling_end(oq_sampling *sampling);
/* Should no further sample begin? */
bool oq_sampling_is_stopped(const oq_sampling *sampling);
/* Sample i failed. Of several the lowest-numbered one is remembered: the same message for any thread count.
 */
void oq_sampling_fail(oq_sampling *sampling, size_t i, oq_status status, const oq_diag *diag);
/* Sample i is done; progress may answer with OQ_CANCELLED. */
void oq_sampling_done(oq_sampling *sampling, size_t i);

#endif
