#!/bin/sh
# What infer_shapes says of every value, against what ONNX Runtime computes: the models of the tree, and those of
# OQ_CASES (a folder of further models) when it is set.
here=$(cd "$(dirname "$0")" && pwd)
lift=${builddir:-.}/tests/pass/lift
python=${PYTHON:-python3}

if ! [ -x "$lift" ]; then
    echo "1..0 # SKIP tests/pass/lift is not built"
    exit 0
fi
if ! "$python" -c 'import numpy, onnx, onnxruntime' 2>/dev/null; then
    echo "1..0 # SKIP the onnx and onnxruntime packages of Python are not installed"
    exit 0
fi
exec "$python" "$here/inferred_types.py" "$lift" "$here"/../../models/*.onnx ${OQ_CASES:+"$OQ_CASES"/*.onnx}
