#!/bin/sh
# "-" is standard input and standard output; a reader that leaves early is no fault.
: "${srcdir:=$(dirname "$0")/../..}"
. "$srcdir/tests/cli/cli.sh"
model=$models/digits_cnn.onnx
calib=$models/digits_calib.npz
"$ONNXQ" convert "$model" --calib "$calib" -o file.onnx -q

"$ONNXQ" convert - --calib "$calib" -o in.onnx -q <"$model"
tap "a model from standard input gives the same bytes" cmp file.onnx in.onnx
"$ONNXQ" convert "$model" --calib "$calib" -o - >out.onnx 2>"$work/err"
tap "a model to standard output is the same" cmp file.onnx out.onnx
tap "then the report is on standard error" grep -q 'quantize' "$work/err"
"$ONNXQ" convert - --calib "$calib" -o - <"$model" 2>/dev/null | cat >both.onnx
tap "both at once, through pipes" cmp file.onnx both.onnx
gzip -c "$model" | "$ONNXQ" convert - --calib "$calib" -o gz.onnx -q
tap "a compressed model is recognised" cmp file.onnx gz.onnx
code=0
"$ONNXQ" convert - --calib "$calib" <"$model" >"$work/out" 2>"$work/err" || code=$?
ends "a model from standard input needs -o" 2 "standard input" "-o"
code=0
: | "$ONNXQ" convert - -o none.onnx >"$work/out" 2>"$work/err" || code=$?
ends "an empty standard input is no model" 3 "standard input: "
for command in "inspect $model" "ops" "--help" "convert --help"; do
    # shellcheck disable=SC2086 # a list of words
    { "$ONNXQ" $command 2>"$work/err"; echo $? >"$work/code"; } | true
    tap "$command: a closed pipe is quiet" sh -c 'test ! -s "$1" && test "$(cat "$2")" -eq 0' sh "$work/err" "$work/code"
done
tap "nothing else was written" holds file.onnx in.onnx out.onnx both.onnx gz.onnx
tap_done
