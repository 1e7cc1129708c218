#!/bin/sh
# Functions of at most 80 lines, files of at most 700. Exceptions stand in CONTRIBUTING.md, each with its reason, as
#   - `function` (src/folder/file.c): reason
#   - `src/folder/file.c`: reason
# In src/ the median of all functions is below 17 lines, and nine in ten are below 60.
: "${srcdir:=$(dirname "$0")/../..}"
. "$srcdir/tests/tap/tap.sh"
longest_function=80
longest_file=700
command -v ctags >/dev/null || tap_skip_all "no ctags"
printf 'int f(void)\n{\n    return 1;\n}\n' >"$work/probe.c"
ctags --kinds-c=f --fields=+ne -f - "$work/probe.c" 2>/dev/null | grep -q 'end:4' ||
    tap_skip_all "this ctags does not tell where functions end (Universal Ctags does)"

# lengths TREE: "lines name file" of each function.
lengths()
{
    (cd "$1" && find src tests -name '*.c' ! -name '*.pb-c.c' | sort |
        ctags --kinds-c=f --fields=+ne -f - -L - | awk -F '\t' '
        {
            first = last = 0
            for (i = 4; i <= NF; i++) {
                if ($i ~ /^line:/)
                    first = substr($i, 6)
                if ($i ~ /^end:/)
                    last = substr($i, 5)
            }
            if (last > 0)
                print last - first + 1, $1, $2
        }')
}

# exceptions TREE: "name file" of the functions and "file" of the files that may be longer; a reason must follow.
exceptions()
{
    sed -n -e 's/^- `\([A-Za-z0-9_]*\)` (\([^)]*\)): ..*/\1 \2/p' -e 's/^- `\([^` ]*\.[ch]\)`: ..*/\1/p' \
        "$1/CONTRIBUTING.md" | sort -u
}

# too_long TREE: what is over the limit, one a line, in the form of exceptions.
too_long()
{
    {
        lengths "$1" | awk -v limit=$longest_function '$1 > limit { print $2, $3 }'
        (cd "$1" && find src tests -name '*.[ch]' ! -name '*.pb-c.[ch]' -exec wc -l {} \;) |
            awk -v limit=$longest_file '$1 > limit { print $2 }'
    } | sort -u
}

check()
{
    too_long "$1" >"$work/long"
    exceptions "$1" >"$work/excepted"
    comm -23 "$work/long" "$work/excepted" >"$work/faults"
    comm -13 "$work/long" "$work/excepted" >"$work/stale"
}

# spread: "median ninetieth" of the functions in src/.
spread()
{
    lengths "$srcdir" | grep ' src/' | sort -n |
        awk '{ length_of[NR] = $1 } END { print length_of[int((NR + 1) / 2)], length_of[int((9 * NR + 9) / 10)] }'
}

check "$srcdir"
tap_none "no function over $longest_function lines and no file over $longest_file, but those CONTRIBUTING.md excuses" \
    "$work/faults"
tap_none "every exception in CONTRIBUTING.md is still needed" "$work/stale"
spread >"$work/spread"
read -r median ninetieth <"$work/spread"
tap "the median function in src/ has $median lines, below 17" test "$median" -lt 17
tap "nine in ten functions in src/ have at most $ninetieth lines, below 60" test "$ninetieth" -lt 60

mkdir -p "$work/tree/src" "$work/tree/tests"
awk 'BEGIN { print "int long_one(void)\n{"; for (i = 0; i < 78; i++) print "    ;"; print "    return 1;\n}" }' \
    >"$work/tree/src/probe.c"
awk 'BEGIN { for (i = 0; i < 701; i++) print "/* */" }' >"$work/tree/src/probe.h"
: >"$work/tree/CONTRIBUTING.md"
check "$work/tree"
tap "a function of 82 lines is found" grep -qx 'long_one src/probe.c' "$work/faults"
tap "a file of 701 lines is found" grep -qx 'src/probe.h' "$work/faults"
printf -- '- `long_one` (src/probe.c): one table of cases\n- `src/probe.h`: a table\n- `gone` (src/x.c): old\n' \
    >"$work/tree/CONTRIBUTING.md"
check "$work/tree"
tap_none "both are excused by a reason" "$work/faults"
tap "an exception that is not needed any more is found" grep -qx 'gone src/x.c' "$work/stale"
tap_done
