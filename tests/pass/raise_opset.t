#!/bin/sh
# raise_opset against ONNX Runtime: small models of opset 7 .. 12, lifted, give the same numbers.
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
exec "$python" "$here/raise_opset.py" "$lift"
