#!/bin/sh
# Wrong models and wrong data: the right exit code, one line that names the file, and nothing written.
: "${srcdir:=$(dirname "$0")/../..}"
. "$srcdir/tests/cli/cli.sh"
model=$models/digits_cnn.onnx
calib=$models/digits_calib.npz
mkdir "$work/data"
data=$work/data

run convert none.onnx --calib "$calib" -o out.onnx
ends "no model" 3 "none.onnx: " "No such file"
run convert "$models" --calib "$calib" -o out.onnx
ends "a folder is no model" 3 "$models: " "folder"
run convert "$calib" --calib "$calib" -o out.onnx
ends "data are no model" 3 "$calib: "
: >"$data/empty.onnx"
run convert "$data/empty.onnx" -o out.onnx
ends "an empty file is no model" 3 "$data/empty.onnx: "
head -c 1000 "$model" >"$data/cut.onnx"
run convert "$data/cut.onnx" -o out.onnx
ends "a cut model is damaged" 3 "$data/cut.onnx: "
echo "hello, this is text" >"$data/text.onnx"
run convert "$data/text.onnx" -o out.onnx
ends "text is no model" 3 "$data/text.onnx: "

run convert "$model" --calib none.npz -o out.onnx
ends "no data" 3 "none.npz: "
run convert "$model" --calib "$model" -o out.onnx
ends "a model is no data" 3 "$model: "
head -c 3000 "$calib" >"$data/cut.npz"
run convert "$model" --calib "$data/cut.npz" -o out.onnx
ends "a cut npz is damaged" 3 "$data/cut.npz: "
mkdir "$data/empty"
run convert "$model" --calib "$data/empty" -o out.onnx
ends "an empty folder holds no samples" 3 "$data/empty: "
run convert "$model" --calib "$models/rows_calib.npz" -o out.onnx
ends "data of another model: input and array are named" 3 "rows_calib.npz" "'image'" "rows"
run convert "$model" --calib "$models/rows_calib.npz" --input image=rows -o out.onnx
ends "named, their shape does not fit" 3 "rows_calib.npz" "'image'" "[N,1,8,8]"
run convert "$model" --calib "$calib" --input nothing=image -o out.onnx
tap "a renamed input must exist" test "$code" -eq 2 -o "$code" -eq 3
run convert "$model" --calib "$calib" --input image -o out.onnx
ends "a rename has two sides" 2 "--input image"
run convert "$model" --calib "$calib" --plan none.json -o out.onnx
ends "no plan" 3 "none.json: "
echo '{"values": 3' >"$data/plan.json"
run convert "$model" --calib "$calib" --plan "$data/plan.json" -o out.onnx
ends "a damaged plan" 3 "$data/plan.json: "
if "$PYTHON" -c 'import numpy' 2>/dev/null; then
    "$PYTHON" - "$data" <<'END'
import sys
import numpy as np
folder = sys.argv[1]
np.savez(folder + "/text.npz", image=np.array(["a", "b"]))
np.savez(folder + "/shape.npz", image=np.zeros((4, 1, 9, 9), np.float32))
np.savez(folder + "/nan.npz", image=np.full((4, 1, 8, 8), np.nan, np.float32))
np.savez(folder + "/none.npz", image=np.zeros((0, 1, 8, 8), np.float32))
END
    run convert "$model" --calib "$data/text.npz" -o out.onnx
    tap "an array of texts is refused" sh -c 'test $1 -eq 3 || test $1 -eq 4' sh "$code"
    run convert "$model" --calib "$data/shape.npz" -o out.onnx
    ends "a wrong size: both shapes are said" 3 "shape.npz" "[4,1,9,9]" "[N,1,8,8]"
    run convert "$model" --calib "$data/none.npz" -o out.onnx
    ends "no samples in the array" 3 "none.npz"
    run convert "$model" --calib "$data/nan.npz" -o out.onnx
    tap "data of NaN give no ranges, and no file" test "$code" -eq 3
    tap "the message says so in one line" test "$(wc -l <"$work/err")" -eq 1
else
    tap_skip "arrays of wrong type, size and content" "no numpy"
fi
tap "nothing was written" holds
tap_done
