#!/bin/sh
# inspect, check and the tables: text for people, JSON for machines.
: "${srcdir:=$(dirname "$0")/../..}"
. "$srcdir/tests/cli/cli.sh"

for model in digits_cnn tiny_transformer tiny_lstm tiny_gru seed_multiple_ops seed_noavgpool; do
    run inspect "$models/$model.onnx"
    tap "inspect $model: opset, inputs, operators" sh -c 'grep -q opset "$1" && grep -q inputs "$1" && grep -q operators "$1"' sh "$work/out"
    run check "$models/$model.onnx"
    succeeds "check $model: all is well"
done
run check "$models/digits_cnn.onnx" -q
tap "check -q answers by its exit code alone" sh -c 'test $1 -eq 0 && test ! -s "$2"' sh "$code" "$work/out"
run check none.onnx
ends "check of no file" 3 "none.onnx: "
run inspect "$models/digits_calib.npz"
ends "inspect of data" 3 "digits_calib.npz: "
for table in ops passes methods; do
    run $table
    tap "$table prints a table" test "$(wc -l <"$work/out")" -ge 3
    run $table --markdown
    tap "$table --markdown: rows of as many columns as the head" awk -F '[^\\\\][|]' \
        'NR == 1 { n = NF } NF != n { exit 1 } END { if (NR < 3) exit 1 }' "$work/out"
done
run passes
tap "passes names those of --quality balanced, with their effect" sh -c \
    'grep -Eq "^equalize +close " "$1" && grep -Eq "^correct +quantizes " "$1"' sh "$work/out"
if has_python; then
    for command in "inspect $models/digits_cnn.onnx" "check $models/digits_cnn.onnx" ops passes methods; do
        # shellcheck disable=SC2086 # a list of words
        run $command --json
        tap "${command%% *} --json is JSON" is_json "$work/out"
    done
else
    tap_skip "--json is JSON" "no Python"
fi
run ops extra
ends "ops takes no argument" 2 "'extra'"
tap_done
