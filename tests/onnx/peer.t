#!/bin/sh
# What we encode anew, with tensors in external data, the onnx package reads as the model it was.
: "${srcdir:=$(dirname "$0")/../..}" "${PYTHON:=python3}" "${builddir:=$srcdir}"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

if ! "$PYTHON" -c 'import onnx' 2> /dev/null; then
    echo "1..0 # SKIP $PYTHON has no onnx package"
    exit 0
fi
if ! test -x "$builddir/tests/onnx/roundtrip.t"; then
    echo "1..0 # SKIP tests/onnx/roundtrip.t is not built"
    exit 0
fi
cat > "$tmp/compare.py" <<'PY'
import os, sys
import onnx

before = onnx.load(sys.argv[1])
after = onnx.load(sys.argv[2])  # reads the external data
onnx.checker.check_model(sys.argv[2])
outside = [t for t in onnx.load(sys.argv[2], load_external_data=False).graph.initializer
           if t.data_location == onnx.TensorProto.EXTERNAL]
large = [t for t in before.graph.initializer if len(onnx.numpy_helper.to_array(t).tobytes()) >= 1024]
assert len(outside) == len(large), (len(outside), len(large))
for model in before, after:
    for t in model.graph.initializer:  # one form for all: raw, and no trace of where it was
        name = t.name
        t.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(t), name))
assert before == after
PY

n=0
set -- "$srcdir"/models/*.onnx
echo "1..$#"
for model; do
    n=$((n + 1))
    name=$(basename "$model")
    if "$builddir/tests/onnx/roundtrip.t" encode "$model" "$tmp/$name" &&
        "$PYTHON" "$tmp/compare.py" "$model" "$tmp/$name" > "$tmp/out" 2>&1; then
        echo "ok $n - $name"
    else
        sed 's/^/# /' "$tmp/out"
        echo "not ok $n - $name"
    fi
done
