#!/bin/sh
# onnxq.h compiles without a warning as C99, C17 and C++, alone and included twice, and its names are C names in C++.
: "${srcdir:=$(dirname "$0")/../..}"
. "$srcdir/tests/tap/tap.sh"
warnings="-pedantic-errors -Wall -Wextra -Werror -Wstrict-prototypes"
header="-I$srcdir/src"
printf '#include "onnxq.h"\n#include "onnxq.h"\nconst char *probe(void);\nconst char *probe(void)\n{\n    return oq_version();\n}\n' \
    >"$work/probe.c"
cp "$work/probe.c" "$work/probe.cc"

for standard in c99 c17; do
    # shellcheck disable=SC2086 # CC and the flags are lists of words
    tap "onnxq.h compiles as $standard" $CC $warnings -std=$standard "$header" -c "$work/probe.c" -o "$work/probe.o"
done

cxx=
for candidate in "${CXX:-}" c++ g++ clang++; do
    [ -n "$candidate" ] && command -v "${candidate%% *}" >/dev/null && { cxx=$candidate; break; }
done
if [ -n "$cxx" ]; then
    for standard in c++11 c++17; do
        # shellcheck disable=SC2086
        tap "onnxq.h compiles as $standard" $cxx -pedantic-errors -Wall -Wextra -Werror -std=$standard "$header" \
            -c "$work/probe.cc" -o "$work/probe-cxx.o"
    done
    nm "$work/probe-cxx.o" >"$work/names" 2>/dev/null
    tap "a C++ program calls oq_version by its C name" grep -q ' U oq_version$' "$work/names"
else
    tap_skip "onnxq.h compiles as C++" "no C++ compiler"
fi
tap_done
