#!/bin/sh
# libonnxq.so exports the functions that onnxq.h declares with OQ_API: all of them and nothing else.
: "${srcdir:=$(dirname "$0")/../..}"
. "$srcdir/tests/tap/tap.sh"
library=$builddir/src/.libs/libonnxq.so
command -v nm >/dev/null || tap_skip_all "no nm"
[ -f "$library" ] || tap_skip_all "no $library (built without shared libraries)"

# declared HEADER: names of the functions and objects marked OQ_API, comments and macro lines left out.
declared()
{
    sed '/^[[:space:]]*#/d' "$1" | awk '
    { text = text $0 "\n" }
    END {
        while ((from = index(text, "/*")) > 0) {
            rest = substr(text, from + 2)
            text = substr(text, 1, from - 1) " " substr(rest, index(rest, "*/") + 2)
        }
        count = split(text, statement, ";")
        for (i = 1; i <= count; i++) {
            if (statement[i] !~ /(^|[^A-Za-z0-9_])OQ_API([^A-Za-z0-9_]|$)/)
                continue
            sub(/^.*OQ_API/, "", statement[i])
            sub(/[[(].*/, "", statement[i])
            if (match(statement[i], /[A-Za-z_][A-Za-z0-9_]*[ \t\n]*$/)) {
                name = substr(statement[i], RSTART, RLENGTH)
                gsub(/[ \t\n]/, "", name)
                print name
            }
        }
    }' | sort -u
}

# exported LIBRARY: what the dynamic linker sees; marks of the linker and of sanitizers are not ours.
exported()
{
    nm -D --defined-only "$1" | awk '{ sub(/@.*/, "", $NF); print $NF }' |
        grep -Ev '^(_init|_fini|_edata|_end|__bss_start|__odr_asan.*|__(asan|ubsan|sanitizer|gcov|llvm)_.*)$' | sort -u
}

declared "$srcdir/src/onnxq.h" >"$work/declared"
exported "$library" >"$work/exported"
tap "onnxq.h declares functions" test -s "$work/declared"
comm -13 "$work/declared" "$work/exported" >"$work/extra"
comm -23 "$work/declared" "$work/exported" >"$work/missing"
tap_none "nothing is exported that onnxq.h does not declare" "$work/extra"
tap_none "everything that onnxq.h declares is exported" "$work/missing"
grep -v '^oq_' "$work/declared" >"$work/foreign"
tap_none "every public name begins with oq_" "$work/foreign"

cat >"$work/probe.h" <<'END'
#define OQ_API __attribute__((visibility("default")))
OQ_API int oq_one(int (*callback)(int), /* OQ_API int oq_not_this(void); */
                  void *data);
OQ_API const char *
oq_two (void);
int oq_private(void);
END
declared "$work/probe.h" >"$work/probe"
tap "declarations over several lines are found, comments and unmarked ones are not" \
    test "$(tr '\n' ' ' <"$work/probe")" = "oq_one oq_two "
tap_done
