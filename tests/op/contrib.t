#!/bin/sh
# Operators of com.microsoft against ONNX Runtime, which defines them: small models, run by both.
here=$(cd "$(dirname "$0")" && pwd)
program=${builddir:-.}/onnx-q
python=${PYTHON:-python3}

if ! [ -x "$program" ]; then
    echo "1..0 # SKIP onnx-q is not built"
    exit 0
fi
if ! "$python" -c 'import numpy, onnx, onnxruntime' 2>/dev/null; then
    echo "1..0 # SKIP the onnx and onnxruntime packages of Python are not installed"
    exit 0
fi
exec "$python" "$here/contrib.py" "$program"
