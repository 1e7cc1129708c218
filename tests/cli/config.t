#!/bin/sh
# --config: options from a JSON file; the command line wins.
: "${srcdir:=$(dirname "$0")/../..}"
. "$srcdir/tests/cli/cli.sh"
model=$models/digits_cnn.onnx
calib=$models/digits_calib.npz
mkdir "$work/config"
config=$work/config/c.json

"$ONNXQ" convert "$model" --calib "$calib" -q -o direct.onnx --symmetric --exclude op:Gemm --exclude 'x*' --calib-samples 20
cat >"$config" <<END
{"calib": "$calib", "symmetric": true, "exclude": ["op:Gemm", "x*"], "calib-samples": 20, "quiet": true}
END
run convert "$model" --config "$config" -o config.onnx
succeeds "options from a file"
tap "count as those of the command line" cmp direct.onnx config.onnx
tap "quiet among them" test ! -s "$work/out"
run convert --config="$config" "$model" -o other.onnx --calib-samples 30
tap "the command line wins" sh -c '! cmp -s direct.onnx other.onnx'
run convert "$model" --config none.json -o x.onnx
ends "no such file" 3 "none.json: "
echo '{"calib": ' >"$config"
run convert "$model" --config "$config" -o x.onnx
ends "damaged JSON, with its line" 3 "c.json: " "line"
echo '[1]' >"$config"
run convert "$model" --config "$config" -o x.onnx
ends "not an object" 3 "c.json: " "object"
echo '{"clib": "x"}' >"$config"
run convert "$model" --config "$config" -o x.onnx
ends "an unknown option" 2 "c.json: " '"clib"'
echo '{"symmetric": "yes"}' >"$config"
run convert "$model" --config "$config" -o x.onnx
ends "a flag is true or false" 2 '"symmetric"' "true or false"
echo '{"placement": "best"}' >"$config"
run convert "$model" --config "$config" -o x.onnx
ends "a word must be known" 2 '"placement"' "integer-kernels"
echo '{"calib": null}' >"$config"
run convert "$model" --config "$config" -o x.onnx
ends "null is no text" 2 '"calib"'
echo '{"calib": "a", "calib": "b"}' >"$config"
run convert "$model" --config "$config" -o x.onnx
ends "an option twice" 3 "duplicate"
tap "refused options write nothing" holds direct.onnx config.onnx other.onnx
tap_done
