#!/bin/sh
# Damaged models and sample files: the program ends with a status of its own, never by a signal. A refusal is exit code 3
# or 4, one line on standard error, and no file.
: "${srcdir:=$(dirname "$0")/../..}" "${builddir:=$srcdir}" "${ONNXQ:=$builddir/onnx-q}"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
mutate=$builddir/tests/fuzz/import.t
models=$srcdir/models
if ! test -x "$mutate" || ! test -x "$ONNXQ"; then
    echo "1..0 # SKIP onnx-q or tests/fuzz/import.t is not built"
    exit 0
fi

# One conversion; prints what is wrong with how it ended, if anything.
convert() {
    rm -f "$tmp"/out*
    timeout 60 "$ONNXQ" convert "$@" -o "$tmp/out.onnx" > "$tmp/stdout" 2> "$tmp/stderr"
    code=$?
    lines=$(wc -l < "$tmp/stderr")
    case $code in
    0 | 1) test -s "$tmp/out.onnx" || echo "exit code $code, but no file" ;;
    3 | 4)
        test "$lines" -eq 1 || echo "exit code $code with $lines lines on standard error"
        test -z "$(find "$tmp" -maxdepth 1 -name '*out.onnx*')" || echo "refused, but something is written"
        ;;
    124) echo "takes longer than a minute" ;;
    *) echo "exit code $code: $(head -n 1 "$tmp/stderr")" ;;
    esac
}

# check NUMBER WHAT SEED COUNT [ARGUMENTS]: "@" among them stands for the damaged file.
check() {
    number=$1 what=$2 seed=$3 count=$4
    shift 4
    rm -rf "$tmp/files" && mkdir "$tmp/files"
    "$mutate" mutate "$seed" "$count" "$tmp/files" || exit 1
    bad=0 refused=0
    for file in "$tmp"/files/*; do
        case $1 in
        @) fault=$(convert "$file" "$2" "$3") ;;
        *) fault=$(convert "$1" "$2" "$file") ;;
        esac
        test -s "$tmp/out.onnx" || refused=$((refused + 1))
        test -z "$fault" && continue
        bad=$((bad + 1))
        echo "# $(basename "$file"): $fault"
        test -z "$KEEP" || cp "$file" "$KEEP"
    done
    echo "# $what: $count files, $refused refused"
    test $bad -eq 0 || printf 'not '
    echo "ok $number - $what: each ends with its own status"
}

echo 1..3
check 1 "damaged models with samples" "$models/seed_multiple_ops.onnx" 80 @ --calib "$models/seed_calib.npz"
check 2 "damaged recurrent models" "$models/tiny_lstm.onnx" 60 @ --calib "$models/rows_calib.npz"
check 3 "damaged samples" "$models/seed_calib.npz" 60 "$models/seed_multiple_ops.onnx" --calib @
