#!/bin/sh
# What the program says about itself, and to a mistyped word.
: "${srcdir:=$(dirname "$0")/../..}"
. "$srcdir/tests/cli/cli.sh"

run --version
tap "--version prints name and version" grep -qx 'onnx-q [0-9.]*' "$work/out"
run --help
succeeds "--help succeeds"
tap "--help lists convert first" sh -c 'grep -A 1 "^commands:" "$1" | grep -q "^  convert "' sh "$work/out"
for command in convert run compare inspect check ops passes methods; do
    run $command --help
    tap "$command --help has usage, options and examples" sh -c \
        'grep -q "^usage: onnx-q $2 " "$1" && grep -q -- "--json" "$1" && grep -q "^  onnx-q $2" "$1"' sh "$work/out" $command
    awk 'length > 110' "$work/out" >"$work/faults"
    tap_none "$command --help fits in 110 columns" "$work/faults"
    cp "$work/out" "$work/first"
    run help $command
    tap "help $command says the same" cmp "$work/first" "$work/out"
done

run
tap "no command is a usage error" test "$code" -eq 2
run convrt
ends "a mistyped command gets a suggestion" 2 "unknown command convrt" "did you mean convert?"
run frobnicate
ends "a strange command gets none" 2 "unknown command frobnicate" "--help"
run convert --clib x
ends "a mistyped option gets a suggestion" 2 "unknown option --clib" "did you mean --calib?"
run convert --cal x m.onnx
ends "an abbreviation is no option" 2 "unknown option --cal"
run convert --cal=x m.onnx
ends "nor with its argument attached" 2 "unknown option --cal;"
run convert -z m.onnx
ends "an unknown letter is named" 2 "unknown option -z"
run convert m.onnx --calib
ends "a missing argument is named with its form" 2 "--calib needs an argument: --calib DATA"
run convert m.onnx -o
ends "also of a letter" 2 "--output needs an argument"
run convert m.onnx --json=yes
ends "an argument too many is refused" 2 "--json takes no argument"
run convert m.onnx --threads many
ends "a number must be one" 2 "--threads many" "whole number"
run convert m.onnx --threads -1
ends "and not negative" 2 "--threads -1"
run convert m.onnx --placement acurate
ends "a word must be one of its list" 2 "integer-kernels, accurate"
run convert m.onnx --quality best
ends "so must a quality" 2 "--quality best" "fast, balanced"
run convert m.onnx --image-size 0x4
ends "a size must be one" 2 "--image-size 0x4" "WIDTHxHEIGHT"
run convert m.onnx --mean 1,2
ends "means are one or three" 2 "--mean 1,2"
run convert m.onnx --min-sqnr nan
ends "a bound must be finite" 2 "--min-sqnr nan"
run convert
ends "a missing model shows the usage" 2 "usage: onnx-q convert MODEL"
run convert a.onnx b.onnx
ends "a second model is one too many" 2 "'b.onnx' is one argument too many"
for option in --target=ort-cpu --html=x --dynamic --accuracy=1 --override=x --state=a=b; do
    run convert m.onnx $option
    ends "$option is not silently accepted" 2 "unknown option ${option%%=*}"
done
tap "nothing was written" holds
tap_done
