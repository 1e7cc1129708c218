/* sampling: see the header. */
#include "quant/sampling.h"

void oq_sampling_begin(oq_sampling *sampling)
{
    pthread_mutex_init(&sampling->lock, NULL);
}

void oq_sampling_end(oq_sampling *sampling)
{
    pthread_mutex_destroy(&sampling->lock);
}

bool oq_sampling_is_stopped(const oq_sampling *sampling)
{
    return atomic_load(&sampling->stop);
}

void oq_sampling_fail(oq_sampling *sampling, size_t i, oq_status status, const oq_diag *diag)
{
    pthread_mutex_lock(&sampling->lock);
    if (sampling->status == OQ_OK || i < sampling->fault_sample) {
        sampling->status = status;
        sampling->fault_sample = i;
        if (sampling->diag && diag)
            *sampling->diag = *diag;
    }
    pthread_mutex_unlock(&sampling->lock);
    atomic_store(&sampling->stop, true);
}

void oq_sampling_done(oq_sampling *sampling, size_t i)
{
    bool goes_on = true;

    pthread_mutex_lock(&sampling->lock);
    sampling->n_done++;
    if (sampling->progress)
        goes_on =
            sampling->progress(sampling->progress_arg, sampling->stage, sampling->n_done, sampling->total);
    pthread_mutex_unlock(&sampling->lock);
    if (!goes_on)
        oq_sampling_fail(sampling, i, OQ_CANCELLED, NULL);
}
