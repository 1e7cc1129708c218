/* Samples side by side: counted, stopped by a failure or by the user. */
#include "quant/sampling.h"

#include "tap/tap.h"

static bool stop_at_two(void *arg, const char *stage, size_t done, size_t total)
{
    *(size_t *)arg = done;
    is_str(stage, "stage", "progress hears the stage");
    is_int(total, 9, "and the total");
    return done < 2;
}

static void the_lowest_failure_is_told(void)
{
    oq_diag diag = {.status = OQ_OK}, first = {.status = OQ_OK}, second = {.status = OQ_OK};
    oq_sampling sampling = {.total = 9, .diag = &diag};

    oq_diag_set(&first, OQ_IO, __FILE__, __LINE__, "seven");
    oq_diag_set(&second, OQ_SHAPE, __FILE__, __LINE__, "three");
    oq_sampling_begin(&sampling);
    oq_sampling_done(&sampling, 0);
    ok(!oq_sampling_is_stopped(&sampling), "a sample that is done stops nothing");
    oq_sampling_fail(&sampling, 7, OQ_IO, &first);
    ok(oq_sampling_is_stopped(&sampling), "one that failed does");
    oq_sampling_fail(&sampling, 3, OQ_SHAPE, &second);
    oq_sampling_fail(&sampling, 5, OQ_IO, &first);
    is_int(sampling.status, OQ_SHAPE, "the lowest-numbered failure counts");
    is_str(diag.message, "three", "with its own words");
    oq_sampling_end(&sampling);
}

static void the_user_may_cancel(void)
{
    size_t heard = 0;
    oq_sampling sampling = {.stage = "stage", .total = 9, .progress = stop_at_two, .progress_arg = &heard};

    oq_sampling_begin(&sampling);
    oq_sampling_done(&sampling, 0);
    is_int(sampling.status, OQ_OK, "one is done");
    oq_sampling_done(&sampling, 1);
    is_int(heard, 2, "two are");
    is_int(sampling.status, OQ_CANCELLED, "and the user has enough");
    ok(oq_sampling_is_stopped(&sampling), "so no other begins");
    oq_sampling_end(&sampling);
}

int main(void)
{
    the_lowest_failure_is_told();
    the_user_may_cancel();
    return tap_done();
}
