#!/bin/sh
# On a fresh Debian or Ubuntu:
#   quickstart.sh try    install what is missing, build, convert the bundled model with its bundled data
#   quickstart.sh test   the same and run all tests
# The build goes to $ONNXQ_BUILD (default: build/ in the source tree), configured with $ONNXQ_CONFIGURE.
# The last line of `test` counts: N passed, N failed, N skipped.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
build=${ONNXQ_BUILD:-$top/build}
jobs=$(nproc 2>/dev/null || echo 2)
case ${1:-} in
try) packages=build ;;
test) packages=test ;;
*) echo "usage: quickstart.sh try|test" >&2; exit 2 ;;
esac

"$top/scripts/packages.sh" $packages
mkdir -p "$build"
if [ "$1" = test ]; then
    PYTHON=$("$top/scripts/python.sh" "$top/build/venv")
    export PYTHON
fi
[ -x "$top/configure" ] || "$top/autogen.sh" >"$build/autogen.log" 2>&1 || { cat "$build/autogen.log" >&2; exit 1; }
cd "$build"
# shellcheck disable=SC2086 # a list of options
[ -f Makefile ] || "$top/configure" -q ${ONNXQ_CONFIGURE:-}
echo "building in $build (log: make.log)"
make -s -j"$jobs" >make.log 2>&1 || { tail -n 40 make.log >&2; exit 1; }

if [ "$1" = try ]; then
    cd "$top/models"
    echo "\$ onnx-q convert digits_cnn.onnx --calib digits_calib.npz -o ${build##*/}/digits_cnn.int8.onnx"
    exec "$build/onnx-q" convert digits_cnn.onnx --calib digits_calib.npz -o "$build/digits_cnn.int8.onnx"
fi
find . -name '*.trs' -exec rm -f {} +
status=0
make -s -k -j"$jobs" check >check.log 2>&1 || status=$?
grep -E '^(FAIL|ERROR|XPASS|SKIP)' check.log || true
"$top/scripts/count_tests.sh" "$build"
exit $status
