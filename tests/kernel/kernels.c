#include "kernel/kernel.h"

#include "kernel_test.h"

static const char *best_with(const char *isa)
{
    if (isa)
        setenv("ONNXQ_ISA", isa, 1);
    else
        unsetenv("ONNXQ_ISA");
    return oq_kernels_best()->name;
}

int main(void)
{
    const char *best;

    ok(oq_kernels_named("base") != NULL, "the portable set is always there");
    ok(oq_kernels_named("mmx") == NULL, "an unknown set is NULL");
    best = best_with(NULL);
    tap_diag("best here: %s", best);
    is_str(best_with("base"), "base", "ONNXQ_ISA=base takes the portable set");
    is_str(best_with("mmx"), best, "an unknown name changes nothing");
    if (oq_kernels_named("avx2"))
        is_str(best_with("avx2"), "avx2", "ONNXQ_ISA=avx2 takes AVX2");
    else
        tap_skip(1, "this processor has no AVX2");
    is_str(best_with("avx512"), best, "ONNXQ_ISA=avx512 takes the best there is");
    return tap_done();
}
