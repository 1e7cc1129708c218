#!/bin/sh
# Conversions of the bundled models, and what the options of convert do.
: "${srcdir:=$(dirname "$0")/../..}"
. "$srcdir/tests/cli/cli.sh"

for pair in digits_cnn:digits tiny_transformer:chars tiny_lstm:rows tiny_gru:rows seed_multiple_ops:seed \
    seed_noavgpool:seed; do
    model=${pair%:*}
    run convert "$models/$model.onnx" --calib "$models/${pair#*:}_calib.npz" -o $model.onnx
    succeeds "$model converts"
    tap "$model: the report is on standard output, and says what was written" \
        grep -q "^wrote $model.onnx " "$work/out"
    tap "$model: nothing is on standard error" test ! -s "$work/err"
    run check $model.onnx
    succeeds "$model: the result is sound"
done
tap "the classifier shrinks to less than half" test \
    "$(($(wc -c <digits_cnn.onnx) * 2))" -lt "$(wc -c <"$models/digits_cnn.onnx")"
rm -f ./*.onnx

digits="$models/digits_cnn.onnx --calib $models/digits_calib.npz"
cp "$models/digits_cnn.onnx" net.onnx
run convert net.onnx --calib "$models/digits_calib.npz"
tap "without -o the result stands beside the input" holds net.onnx net.int8.onnx
run convert net.onnx
succeeds "without data there is a conversion too"
tap "it says that only the weights became int8, and how to get more" \
    sh -c 'grep -q "no calibration data" "$1" && grep -q -- "--calib" "$1"' sh "$work/out"
rm -f ./*.onnx

# shellcheck disable=SC2086 # $digits is a list of words
{
    run convert $digits -o q.onnx --report r.json --plan-out p.json
    succeeds "report and plan can be written"
    tap "just these files appear" holds q.onnx r.json p.json
    if has_python; then
        tap "the report is JSON" is_json r.json
        tap "the plan is JSON" is_json p.json
    else
        tap_skip "report and plan are JSON" "no Python"
    fi
    run convert $digits -o again.onnx --plan p.json
    succeeds "the plan can be given back"
    run convert $digits -o quiet.onnx -q
    tap "-q says nothing" sh -c 'test ! -s "$1" && test ! -s "$2" && test -s quiet.onnx' sh "$work/out" "$work/err"
    run convert $digits -o v.onnx -v
    tap "-v without a terminal prints a line per stage" grep -q '^onnx-q: calibrate: [0-9]*/[0-9]* in ' "$work/err"
    run convert $digits -o json.onnx --json
    if has_python; then
        tap "--json prints JSON on standard output, nothing else" is_json "$work/out"
    else
        tap_skip "--json prints JSON" "no Python"
    fi
    rm -f ./*
    run convert $digits -o b.onnx --min-sqnr 200
    ends_code=$code
    tap "--min-sqnr out of reach ends with 1" test "$ends_code" -eq 1
    tap "and writes nothing" holds
    tap "and says how far it is" grep -q '^onnx-q: .*200' "$work/err"
    run convert $digits -o b.onnx --min-sqnr 10
    succeeds "--min-sqnr within reach succeeds"
    run convert $digits -o float.onnx --exclude 'op:Conv' --exclude 'op:Gemm'
    tap "--exclude leaves operators float" grep -q 'excluded' "$work/out"
    run convert $digits -o mse.onnx --method mse
    tap "--method is named in the report" grep -q 'ranges by mse.* is clipped' "$work/out"
    rm -f ./*
    run convert $digits -o s.onnx --stop-after fuse_batchnorm --print-after fuse_batchnorm
    succeeds "--stop-after ends early"
    tap "and writes nothing" holds
    tap "--print-after dumps the graph to standard error" grep -q '^--- after fuse_batchnorm' "$work/err"
    run convert $digits -o s.onnx --skip no_such_pass
    ends "a pass must be known" 2 "no_such_pass"
    run convert $digits -o s.onnx --method no_such_method
    ends "a method must be known" 2 "no_such_method" "onnx-q methods"
    run convert $digits -o s.onnx --dim nothing=3
    ends "a dimension must be known" 2 "--dim" "nothing"
    run convert $digits -o s.onnx --weight-only --activation-only
    ends "nothing to do is an error" 2 "--weight-only" "--activation-only"
    run convert $digits -o s.onnx --weight-only --activations s8
    ends "options that contradict are refused" 2 "--weight-only" "--activations s8"
}
tap "refused conversions write nothing" holds
tap_done
