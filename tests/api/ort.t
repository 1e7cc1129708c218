#!/bin/sh
# Each way to convert gives a file that onnx.checker accepts and ONNX Runtime runs, with the loss that onnx-q measures.
: "${srcdir:=$(dirname "$0")/../..}" "${PYTHON:=python3}" "${ONNXQ:=./onnx-q}"
. "$srcdir/tests/tap/tap.sh"
"$PYTHON" -c 'import numpy, onnx, onnxruntime' 2>/dev/null ||
    tap_skip_all "$PYTHON has no numpy, onnx and onnxruntime"
"$PYTHON" "$srcdir/tests/api/ort.py" "$srcdir" "$ONNXQ" "$work" >"$work/lines" 2>"$work/err" || cat "$work/err" >&2
while read -r line; do
    case $line in
    ok*) tap "${line#ok }" true ;;
    *) tap "${line#not ok }" false ;;
    esac
done <"$work/lines"
tap "all ways were tried" test "$(wc -l <"$work/lines")" -eq 60
tap_done
