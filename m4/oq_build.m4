# OQ_PROG_CC_C17: C17 with POSIX; floats are never contracted or re-associated behind our back (kernel/kernel.h).
AC_DEFUN([OQ_PROG_CC_C17], [
    OQ_CFLAGS="-std=c17 -D_XOPEN_SOURCE=700 -D_DEFAULT_SOURCE -ffp-contract=off -fvisibility=hidden"
    AC_SUBST([OQ_CFLAGS])
])

# OQ_WARNINGS: --enable-werror
AC_DEFUN([OQ_WARNINGS], [
    AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [warnings are errors])], [], [enable_werror=no])
    WARN_CFLAGS="-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wundef -Wformat=2 -Wcast-qual -Wvla"
    AS_IF([test "x$enable_werror" = xyes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
    AC_SUBST([WARN_CFLAGS])
])

# OQ_SANITIZERS: --enable-sanitizers
AC_DEFUN([OQ_SANITIZERS], [
    AC_ARG_ENABLE([sanitizers],
        [AS_HELP_STRING([--enable-sanitizers], [address and undefined behaviour sanitizers])], [], [enable_sanitizers=no])
    AS_IF([test "x$enable_sanitizers" = xyes],
        [SANITIZE_FLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"])
    AC_SUBST([SANITIZE_FLAGS])
    AM_CONDITIONAL([SANITIZERS], [test "x$enable_sanitizers" = xyes])
])

# OQ_ISA_FLAGS: which instruction sets get their own kernels.
AC_DEFUN([OQ_ISA_FLAGS], [
    AC_CACHE_CHECK([for x86-64], [oq_cv_x86_64],
        [AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
#ifndef __x86_64__
#error not x86-64
#endif
]], [])], [oq_cv_x86_64=yes], [oq_cv_x86_64=no])])
    AM_CONDITIONAL([X86_64], [test "x$oq_cv_x86_64" = xyes])
    AS_IF([test "x$oq_cv_x86_64" = xyes], [
        AVX2_CFLAGS="-mavx2 -mfma -mbmi -mbmi2 -mf16c"
        AVX512_CFLAGS="-mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni -mavx2 -mfma -mbmi -mbmi2 -mf16c -mprefer-vector-width=512"
        oq_isa_list=", avx2, avx512"
        AC_DEFINE([OQ_X86_64], [1], [Build the AVX2 and AVX-512 kernels])
    ])
    AC_SUBST([AVX2_CFLAGS])
    AC_SUBST([AVX512_CFLAGS])
])
