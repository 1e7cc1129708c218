#!/bin/sh
# lint.sh BUILD [FILE...]: clang-tidy (checks and reasons in .clang-tidy) and cppcheck over src/, or the files named; BUILD is configured and built.
# Prints each finding once; succeeds when there is none.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=${1:?usage: lint.sh BUILD [FILE...]}
shift
jobs=$(nproc 2>/dev/null || echo 2)
flags="-std=c17 -D_XOPEN_SOURCE=700 -D_DEFAULT_SOURCE -I$build -I$top/src -I$build/src -I$build/proto $(pkg-config --cflags \
    libprotobuf-c zlib minizip jansson libjpeg libpng libmd)"
findings=$(mktemp)
trap 'rm -f "$findings"' EXIT
cd "$top" || exit 1
command -v clang-tidy >/dev/null || { echo "SKIP: no clang-tidy"; exit 0; }

# kernels for one instruction set need its flags
tidy_one='
case $1 in
*_avx2.c) isa="-mavx2 -mfma -mbmi -mbmi2 -mf16c" ;;
*_avx512.c) isa="-mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni -mavx2 -mfma -mbmi -mbmi2 -mf16c" ;;
*) isa= ;;
esac
clang-tidy --quiet "$1" -- $flags $isa 2>/dev/null'
export flags
{ [ $# -gt 0 ] && printf '%s\n' "$@" || find src -name '*.c' | sort; } | xargs -P "$jobs" -n 1 sh -c "$tidy_one" sh >"$findings"

if command -v cppcheck >/dev/null; then
    cppcheck --quiet -j "$jobs" --std=c11 --enable=warning,portability --inline-suppr --suppressions-list=.cppcheck \
        -I src -I "$build" --error-exitcode=0 "${@:-src}" 2>>"$findings"
fi
sort -u "$findings" | grep -E '(warning|error|portability|style):'
[ "$(grep -cE '(warning|error|portability|style):' "$findings")" -eq 0 ]
