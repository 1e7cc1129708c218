# For tests of the program: . "$srcdir/tests/cli/cli.sh". Works in the scratch folder; run COMMAND... leaves $code, out, err.
: "${srcdir:=$(dirname "$0")/../..}" "${ONNXQ:=./onnx-q}" "${PYTHON:=python3}"
. "$srcdir/tests/tap/tap.sh"
srcdir=$(cd "$srcdir" && pwd)
case $ONNXQ in
*/*) ONNXQ=$(cd "$(dirname "$ONNXQ")" && pwd)/$(basename "$ONNXQ") ;;
esac
models=$srcdir/models
mkdir "$work/here"
cd "$work/here" || exit 1

run()
{
    code=0
    "$ONNXQ" "$@" >"$work/out" 2>"$work/err" || code=$?
}

# ends TEXT CODE WORD...: the last run ended with CODE and one line "onnx-q: ..." that holds every WORD; nothing on stdout.
ends()
{
    text=$1 wanted=$2
    shift 2
    {
        [ "$code" -eq "$wanted" ] || echo "exit code $code, not $wanted"
        [ "$(wc -l <"$work/err")" -eq 1 ] || echo "not one line"
        grep -q '^onnx-q: ' "$work/err" || echo "does not begin with onnx-q:"
        [ ! -s "$work/out" ] || echo "standard output is not empty"
        for word; do
            grep -qF -e "$word" "$work/err" || echo "does not say '$word'"
        done
    } >"$work/faults"
    [ ! -s "$work/faults" ] || cat "$work/err" >>"$work/faults"
    tap_none "$text" "$work/faults"
}

# succeeds TEXT: the last run ended with 0.
succeeds()
{
    [ "$code" -eq 0 ] || { echo "exit code $code"; cat "$work/err"; } >"$work/faults"
    [ "$code" -ne 0 ] || : >"$work/faults"
    tap_none "$1" "$work/faults"
}

# holds FILES...: the working folder holds these and nothing else.
holds()
{
    test "$(find . -mindepth 1 | sed 's:^\./::' | sort | tr '\n' ' ')" = "$(printf '%s\n' "$@" | sort | tr '\n' ' ' | sed 's/^ $//')"
}

is_json()
{
    "$PYTHON" -m json.tool "$1" /dev/null
}

has_python()
{
    "$PYTHON" -c 'pass' 2>/dev/null
}
