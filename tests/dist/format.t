#!/bin/sh
# src/ and tests/ are formatted as .clang-format says. Other versions of clang-format wrap lines differently: only 14 counts.
: "${srcdir:=$(dirname "$0")/../..}"
. "$srcdir/tests/tap/tap.sh"
formatter=
for candidate in "${CLANG_FORMAT:-}" clang-format-14 clang-format; do
    [ -n "$candidate" ] && "$candidate" --version 2>/dev/null | grep -q 'version 14\.' && { formatter=$candidate; break; }
done
[ -n "$formatter" ] || tap_skip_all "no clang-format 14"

# unformatted TREE: names of the files that clang-format would change.
unformatted()
{
    (cd "$1" && find src tests -name '*.[ch]' ! -name '*.pb-c.[ch]' | sort | while read -r file; do
        "$formatter" --style=file "$file" | cmp -s - "$file" || echo "$file: run clang-format -i on it"
    done)
}

unformatted "$srcdir" >"$work/faults"
tap_none "every C file in src/ and tests/ is formatted" "$work/faults"
mkdir -p "$work/tree/src" "$work/tree/tests"
cp "$srcdir/.clang-format" "$work/tree"
printf 'int  f( void ){return 1;}\n' >"$work/tree/src/probe.c"
unformatted "$work/tree" >"$work/probe"
tap "a file formatted otherwise is found" grep -q '^src/probe.c' "$work/probe"
tap_done
