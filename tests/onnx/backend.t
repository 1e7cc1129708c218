#!/bin/sh
# The models that the onnx package makes for its own backend tests go through import and export unchanged.
: "${PYTHON:=python3}" "${builddir:=$(dirname "$0")/../..}"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

cat > "$tmp/make.py" <<'PY'
import os, sys, warnings
warnings.simplefilter("ignore")
import onnx
from onnx.backend.test.case.node import collect_testcases as node_cases
from onnx.backend.test.case.model import collect_testcases as model_cases
folder = sys.argv[1]
cases = list(node_cases(None)) + list(model_cases())
with open(os.path.join(folder, "list"), "w") as names:
    for i, case in enumerate(cases):
        if case.model is None:
            continue
        path = os.path.join(folder, "%d_%s.onnx" % (i, case.name[:100]))
        with open(path, "wb") as f:
            f.write(case.model.SerializeToString())
        names.write(path + "\n")
PY

if ! "$PYTHON" -c 'import onnx.backend.test.case.node' 2> /dev/null; then
    echo "1..0 # SKIP $PYTHON has no onnx package"
    exit 0
fi
if ! test -x "$builddir/tests/onnx/roundtrip.t"; then
    echo "1..0 # SKIP tests/onnx/roundtrip.t is not built"
    exit 0
fi
echo 1..2
if "$PYTHON" "$tmp/make.py" "$tmp" > "$tmp/out" 2>&1; then
    echo "ok 1 - the onnx package makes its models"
else
    sed 's/^/# /' "$tmp/out"
    echo "not ok 1 - the onnx package makes its models"
fi
if "$builddir/tests/onnx/roundtrip.t" "$tmp/list"; then
    echo "ok 2 - each of them comes out as it came in"
else
    echo "not ok 2 - each of them comes out as it came in"
fi
