#!/bin/sh
# doc/ops.md is what the tables print today.
: "${srcdir:=$(dirname "$0")/../..}" "${ONNXQ:=./onnx-q}"
. "$srcdir/tests/tap/tap.sh"
"$srcdir/doc/make_ops.sh" "$ONNXQ" >"$work/ops.md"
tap "the tables print" test "$(wc -l <"$work/ops.md")" -gt 20
tap "doc/ops.md is current (make docs brings it up to date)" diff "$srcdir/doc/ops.md" "$work/ops.md"
tap_done
