#!/bin/sh
# The bash completion offers, for every command, the options that its --help prints, and for options with fixed words, these.
: "${srcdir:=$(dirname "$0")/../..}" "${ONNXQ:=./onnx-q}"
. "$srcdir/tests/tap/tap.sh"
bash=$(command -v bash) || tap_skip_all "no bash"
"$bash" -c 'type mapfile compgen complete' >/dev/null 2>&1 || tap_skip_all "this bash has no programmable completion"

# complete WORD...: what is offered when the last word is being typed.
complete()
{
    "$bash" -c '
        . "$0"
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        _onnx_q
        printf "%s\n" "${COMPREPLY[@]}"' "$srcdir/doc/completion/onnx-q" "$@" | sort
}

options_of_help()
{
    "$ONNXQ" "$1" --help | sed -n 's/^  \(-[a-z], \|    \)\(--[a-z-]*\).*/\2/p' | sort -u
}

commands=$("$ONNXQ" --help | awk '/^commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }')
for command in $commands; do
    options_of_help "$command" >"$work/help"
    complete onnx-q "$command" -- >"$work/offered"
    tap "$command: the options offered are those of --help" diff "$work/help" "$work/offered"
done
complete onnx-q "" | grep -v -e -- -e '^help$' >"$work/offered"
echo "$commands" | tr ' ' '\n' | sort >"$work/commands"
tap "the first word is a command" diff "$work/commands" "$work/offered"
# the words of an option are the argument that --help shows, as a|b|c
for option in layout resize activations weights placement; do
    "$ONNXQ" convert --help | sed -n "s/^      --$option \([a-z0-9|-]*\).*/\1/p" | tr '|' '\n' | sort >"$work/help"
    complete onnx-q convert --$option "" >"$work/offered"
    tap "--$option: the words offered are those of --help" diff "$work/help" "$work/offered"
done
touch "$work/some.npz"
tap "an argument without fixed words is a file" test "$(complete onnx-q convert --calib "$work/so")" = "$work/some.npz"
tap_done
