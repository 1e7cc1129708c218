#!/bin/sh
# Random small models: we and ONNX Runtime agree on thousands of them (scripts/differential.py says how).
: "${srcdir:=$(dirname "$0")/../..}" "${builddir:=.}" "${PYTHON:=python3}"
. "$srcdir/tests/tap/tap.sh"
"$PYTHON" -c 'import numpy, onnx, onnxruntime' 2>/dev/null ||
    tap_skip_all "$PYTHON has no numpy, onnx and onnxruntime"
program=$builddir/tests/backend/run_cases
[ -x "$program" ] || tap_skip_all "tests/backend/run_cases is not built"
tap "at least 3000 random cases agree, none differs" "$PYTHON" "$srcdir/scripts/differential.py" --run-cases "$program" \
    --cases 3600 --least 3000
tap_done
