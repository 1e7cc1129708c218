#!/bin/sh
# The man page knows every command and every option that --help prints, and none besides.
: "${srcdir:=$(dirname "$0")/../..}" "${ONNXQ:=./onnx-q}"
. "$srcdir/tests/tap/tap.sh"
page=$srcdir/doc/onnx-q.1

commands()
{
    "$ONNXQ" --help | awk '/^commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }'
}

options_of_help()
{
    for command in $(commands); do
        # an option stands at the start of its line; one that is named in an explanation does not count
        "$ONNXQ" "$command" --help | sed -n 's/^  \(-[a-z], \|    \)\(--[a-z-]*\).*/\2/p'
    done | sort -u
}

options_of_page()
{
    sed -e '/^\.SH EXAMPLES/,$d' -e 's/\\-/-/g' "$1" | grep -o -- '--[a-z][a-z-]*' | grep -vx -- --version | sort -u
}

commands >"$work/commands"
options_of_help >"$work/help"
options_of_page "$page" >"$work/page"
tap "--help lists commands" test "$(wc -l <"$work/commands")" -ge 8
tap "the commands have options" test "$(wc -l <"$work/help")" -ge 30
comm -23 "$work/help" "$work/page" >"$work/undocumented"
comm -13 "$work/help" "$work/page" >"$work/invented"
tap_none "every option of --help is in the man page" "$work/undocumented"
tap_none "every option in the man page is in --help" "$work/invented"
while read -r command; do
    grep -q "^\.B.*\\b$command\\b" "$page" || echo "$command"
done <"$work/commands" >"$work/faults"
tap_none "every command is in the man page" "$work/faults"
for code in 0 1 2 3 4 5 70 130; do
    grep -q "^\.B.*\\b$code\\b" "$page" || echo "$code"
done >"$work/faults"
tap_none "every exit code is in the man page" "$work/faults"
if command -v man >/dev/null && man --version 2>&1 | grep -q '^man '; then
    LC_ALL=C man --warnings -l "$page" >/dev/null 2>"$work/warnings" </dev/null
    tap_none "the man page formats without a warning" "$work/warnings"
else
    tap_skip "the man page formats without a warning" "no man-db"
fi
printf '.SH OPTIONS\n.BI \\-\\-calibx " N"\n.SH EXAMPLES\n\\-\\-elsewhere\n' >"$work/probe.1"
tap "an option is found under its troff spelling, those of the examples are not" \
    test "$(options_of_page "$work/probe.1")" = --calibx
tap_done
