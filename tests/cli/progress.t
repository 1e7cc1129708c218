#!/bin/sh
# A bar on a terminal, and only there; it disappears at the end.
: "${srcdir:=$(dirname "$0")/../..}"
. "$srcdir/tests/cli/cli.sh"
"$PYTHON" -c 'import numpy, pty' 2>/dev/null || tap_skip_all "no Python with numpy and pty"
"$PYTHON" - "$work/many.npz" <<'END'
import sys
import numpy as np
np.savez_compressed(sys.argv[1], image=np.zeros((60000, 1, 8, 8), np.float32))
END
cat >"$work/terminal.py" <<'END'
# terminal.py OUT COMMAND...: run with standard error on a terminal; what appears there goes to OUT, the seconds it took to
# OUT.seconds
import os, pty, subprocess, sys, time
began = time.monotonic()
master, slave = pty.openpty()
child = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=slave)
os.close(slave)
seen = b""
while True:
    try:
        part = os.read(master, 4096)
    except OSError:
        break
    if not part:
        break
    seen += part
open(sys.argv[1], "wb").write(seen)
open(sys.argv[1] + ".seconds", "w").write(str(time.monotonic() - began))
sys.exit(child.wait())
END
convert()
{
    TERM=$term "$PYTHON" "$work/terminal.py" "$work/seen" "$ONNXQ" convert "$models/digits_cnn.onnx" \
        --calib "$work/many.npz" -o out.onnx "$@"
}
term=xterm
tap "a conversion on a terminal" convert
tap "shows a bar with count and rate" grep -aqE 'calibrate +\[#*-*\] [0-9]+/[0-9]+  [0-9.]+/s' "$work/seen"
tap "that is cleared at the end" "$PYTHON" -c '
import sys
last = open(sys.argv[1], "rb").read().decode()
assert last.endswith("\r\x1b[K"), last[-80:]' "$work/seen"
tap "and drawn at most ten times a second" "$PYTHON" -c '
import sys
drawn = open(sys.argv[1], "rb").read().count(b"[#") + open(sys.argv[1], "rb").read().count(b"[-")
seconds = float(open(sys.argv[1] + ".seconds").read())
assert 0 < drawn <= 10 * seconds + 1, (drawn, seconds)' "$work/seen"
convert -q
tap "-q shows none" test ! -s "$work/seen"
term=dumb
convert
tap "nor does a dumb terminal" sh -c '! grep -q "\[#" "$1"' sh "$work/seen"
term=xterm
TERM=xterm "$PYTHON" "$work/terminal.py" "$work/seen" "$ONNXQ" convert none.onnx
tap "errors are coloured on a terminal" grep -q "$(printf '\033')\[1;31m" "$work/seen"
TERM=xterm "$PYTHON" "$work/terminal.py" "$work/seen" "$ONNXQ" convert none.onnx --color never
tap "not with --color never" sh -c '! grep -q "$(printf "\033")" "$1"' sh "$work/seen"
TERM=xterm NO_COLOR=1 "$PYTHON" "$work/terminal.py" "$work/seen" "$ONNXQ" convert none.onnx
tap "nor with NO_COLOR" sh -c '! grep -q "$(printf "\033")" "$1"' sh "$work/seen"
tap_done
