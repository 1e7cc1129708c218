#!/bin/sh
# run and compare: outputs of a model on samples, and two models side by side.
: "${srcdir:=$(dirname "$0")/../..}"
. "$srcdir/tests/cli/cli.sh"
model=$models/digits_cnn.onnx
eval=$models/digits_eval.npz
"$ONNXQ" convert "$model" --calib "$models/digits_calib.npz" -q -o q.onnx

run run "$model" --input "$eval" -o float.npz
succeeds "a float model runs"
tap "the outputs are written" test -s float.npz
run run q.onnx --input "$eval" -o fake.npz
succeeds "its int8 form runs as float nodes"
run run q.onnx --input "$eval" -o integer.npz --integer
succeeds "and in integers"
if "$PYTHON" -c 'import numpy' 2>/dev/null; then
    tap "right class on at least 98 of 100 held-out digits, in all three" "$PYTHON" -c '
import sys
import numpy as np
labels = np.load(sys.argv[1])
for name in sys.argv[2:]:
    outputs = np.load(name)["probability"]
    right = (outputs.reshape(len(labels), -1).argmax(1) == labels).mean()
    assert right >= 0.98, (name, right, outputs.shape)' "$models/digits_labels.npy" float.npz fake.npz integer.npz
else
    tap_skip "right classes" "no numpy"
fi
run run "$model" --input "$eval" -o twice.npz --threads 2
tap "the same bytes with two threads" cmp float.npz twice.npz
run run "$model" --input "$eval" --calib-samples 20 --profile
succeeds "--profile needs no output file"
tap "it names operators" grep -q Conv "$work/out"
run run "$model" --input "$eval" --calib-samples 20 -o few.npz --json
if has_python; then
    tap "--json prints JSON" is_json "$work/out"
else
    tap_skip "--json prints JSON" "no Python"
fi
run run "$model" -o x.npz
ends "no samples" 2 "--input DATA"
run run "$model" --input "$eval"
ends "nothing to do with the outputs" 2 "-o OUT.npz"
run run "$model" --input "$models/rows_eval.npz" -o x.npz
ends "samples of another model" 3 "rows_eval.npz" "'image'"
run run "$model" --input "$eval" --input other.npz -o x.npz
ends "data twice" 2 "already given"

run compare "$model" q.onnx --calib "$eval" --calib-samples 30
succeeds "compare"
tap "its table has the output and a mean" sh -c 'grep -q "^probability" "$1" && grep -q "mean .* dB" "$1"' sh "$work/out"
tap "every layer is compared with the value it stands for: above 20 dB" awk '
    /^output / { exit layers < 7 } NR > 1 && $3 < 20 { exit 1 } { layers++ }' "$work/out"
run compare "$model" "$model" --calib "$eval" --calib-samples 5 --report same.json --json
succeeds "a model and itself"
if has_python; then
    tap "--report and --json are JSON" sh -c '"$1" -m json.tool "$2" && "$1" -m json.tool same.json' sh "$PYTHON" "$work/out"
else
    tap_skip "--report and --json are JSON" "no Python"
fi
run compare "$model" "$models/tiny_lstm.onnx" --calib "$eval"
tap "models of different inputs cannot be compared" sh -c 'test $1 -ne 0 && test $1 -ne 70' sh "$code"
run compare "$model" q.onnx
ends "no samples to compare on" 2 "--calib DATA"
tap_done
