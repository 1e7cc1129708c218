#!/bin/sh
# Outputs that cannot or must not be written are refused before the work, and what stands there stays.
: "${srcdir:=$(dirname "$0")/../..}"
. "$srcdir/tests/cli/cli.sh"
digits="$models/digits_cnn.onnx --calib $models/digits_calib.npz"
mkdir folder

# shellcheck disable=SC2086 # $digits is a list of words
{
    run convert $digits -o folder
    ends "a folder is no output" 5 "folder: is a folder"
    run convert $digits -o none/out.onnx
    ends "the folder of an output must exist" 5 "none/out.onnx: " "No such file"
    run convert $digits -o /dev/null
    ends "a device is no output" 5 "/dev/null: " "not a regular file"
    mkfifo pipe
    run convert $digits -o pipe
    ends "a pipe with a name is no output" 5 "pipe: " "not a regular file"
    rm pipe
    run convert $digits -o out.onnx --report folder
    ends "nor is a folder the report" 5 "folder: is a folder"
    run convert $digits -o same.json --report same.json
    ends "one file cannot be two outputs" 2 "same.json"
    run convert $digits -o ""
    ends "a name must not be empty" 2 "empty"
    tap "nothing was written" holds folder
    if [ "$(id -u)" -ne 0 ]; then
        mkdir locked
        chmod 500 locked
        run convert $digits -o locked/out.onnx
        ends "a folder that is locked" 5 "locked/out.onnx: " "Permission denied"
        chmod 700 locked
        rmdir locked
    else
        tap_skip "a folder that is locked" "root may write everywhere"
    fi
    echo old >out.onnx
    run convert $digits -o out.onnx
    succeeds "a regular file is replaced"
    tap "by the whole model" test "$(wc -c <out.onnx)" -gt 10000
    tap "nothing else is left" holds folder out.onnx
    run convert $digits -o out.onnx.gz
    tap "a name in .gz is compressed" sh -c 'gzip -t out.onnx.gz && gzip -dc out.onnx.gz | cmp - out.onnx'
}
cp "$models/digits_cnn.onnx" in.onnx
ln -s in.onnx link.onnx
ln in.onnx hard.onnx
cp "$models/digits_calib.npz" data.npz
for name in in.onnx ./in.onnx link.onnx hard.onnx; do
    run convert in.onnx --calib data.npz -o $name
    ends "the input is not overwritten: as $name" 2 "$name: " "input"
done
run convert in.onnx --calib data.npz -o data.npz
ends "nor are the data" 2 "data.npz: "
run run in.onnx --input data.npz -o data.npz
ends "nor by run" 2 "data.npz: "
tap "the model is as it was" cmp in.onnx "$models/digits_cnn.onnx"
tap "the data are as they were" cmp data.npz "$models/digits_calib.npz"
if [ -c /dev/full ]; then
    code=0
    "$ONNXQ" inspect in.onnx >/dev/full 2>"$work/err" || code=$?
    : >"$work/out"
    ends "a full disk under standard output" 5 "standard output" "No space left"
    code=0
    "$ONNXQ" convert in.onnx -o - >/dev/full 2>"$work/err" || code=$?
    tap "and under a model on standard output" test "$code" -eq 5
else
    tap_skip "a full disk" "no /dev/full"
fi
tap_done
