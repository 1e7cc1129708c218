#!/bin/sh
# Convert real models with onnx-q, measure them in ONNX Runtime, and hold the figures against accept_expected.json.
#
#   accept_subset.sh [--all] [--jobs N] [--converter COMMAND] [SHARED]
#
# SHARED is the folder with cases/accept.py (default: $ONNXQ_SHARED, else ../shared beside the source tree); without
# it, or without the Python modules, this prints SKIP and succeeds. Quick cases only, or with --all all of them.
# $ONNXQ is the program (default ./onnx-q), $PYTHON the interpreter. --converter measures another converter,
# as accept.py takes it. Calibration files and results are kept in $ONNXQ_ACCEPT_OUT (default ./accept.out).
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
: "${ONNXQ:=./onnx-q}" "${PYTHON:=python3}" "${ONNXQ_ACCEPT_OUT:=accept.out}"
shared=${ONNXQ_SHARED:-$here/../../shared}
which=quick
jobs=1
converter=

usage()
{
    echo "usage: accept_subset.sh [--all] [--jobs N] [--converter COMMAND] [SHARED]" >&2
    exit 2
}

skip()
{
    echo "SKIP: $1"
    exit 0
}

while [ $# -gt 0 ]; do
    case $1 in
    --all) which=all ;;
    --jobs) [ $# -gt 1 ] || usage; jobs=$2; shift ;;
    --converter) [ $# -gt 1 ] || usage; converter=$2; shift ;;
    -*) usage ;;
    *) shared=$1 ;;
    esac
    shift
done

accept=$shared/cases/accept.py
[ -f "$accept" ] || skip "no $accept"
"$PYTHON" -c 'import numpy, onnx, onnxruntime, PIL' 2>/dev/null ||
    skip "$PYTHON lacks one of numpy, onnx, onnxruntime, pillow"
if [ -z "$converter" ]; then
    program=$(command -v "$ONNXQ") || { echo "accept_subset.sh: no program $ONNXQ: build it, or set ONNXQ" >&2; exit 1; }
    case $program in /*) ;; *) program=$PWD/$program ;; esac
    converter="'$program' convert {model} --calib {calib} -o {out}"
fi

PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
names=$("$PYTHON" "$here/accept_check.py" "$which") || exit 1
peer=$("$PYTHON" -c 'import json, sys; print(json.load(open(sys.argv[1]))["peer"])' "$here/accept_expected.json") || exit 1
mkdir -p "$ONNXQ_ACCEPT_OUT" || exit 1
result=$ONNXQ_ACCEPT_OUT/accept-$which.json
rm -f "$result"
# accept.py fails when a case did not convert; the table below says so too, case by case.
"$PYTHON" "$accept" run --converter "$converter" --cases "$names" --jobs "$jobs" --out "$ONNXQ_ACCEPT_OUT" \
    --label onnx-q --json "$result"
[ -f "$result" ] || { echo "accept_subset.sh: accept.py wrote no $result" >&2; exit 1; }
echo
exec "$PYTHON" "$here/accept_check.py" "$which" "$result" "$shared/$peer"
