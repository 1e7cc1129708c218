#!/bin/sh
# Ctrl-C while a conversion works: exit code 130, nothing left behind, what was there untouched.
: "${srcdir:=$(dirname "$0")/../..}"
. "$srcdir/tests/cli/cli.sh"
"$PYTHON" -c 'import numpy' 2>/dev/null || tap_skip_all "no numpy to make many samples"
# a shell starts background jobs with SIGINT ignored, as the program then respects
env --default-signal=INT true 2>/dev/null || tap_skip_all "this env cannot set signals to their default"
"$PYTHON" - "$work/many.npz" <<'END'
import sys
import numpy as np
np.savez_compressed(sys.argv[1], image=np.zeros((150000, 1, 8, 8), np.float32))
END

# interrupt SIGNAL: start a conversion, send it the signal in the midst of calibration; $code.
interrupt()
{
    echo before >out.onnx
    : >"$work/err"
    env --default-signal=INT "$ONNXQ" convert "$models/digits_cnn.onnx" --calib "$work/many.npz" --threads 1 -o out.onnx \
        --report out.json --plan-out plan.json --print-after fake_quant --print-after fuse_batchnorm \
        >"$work/out" 2>"$work/err" &
    child=$!
    # the dump of a pass says that the passes in front of calibration are done
    for _ in $(seq 100); do
        grep -q 'after fuse_batchnorm' "$work/err" && break
        sleep 0.05
    done
    kill -"$1" $child
    code=0
    wait $child || code=$?
}

for pair in INT:130 TERM:143 HUP:129; do
    signal=${pair%:*}
    interrupt "$signal"
    tap "SIG$signal ends a conversion with ${pair#*:}" test "$code" -eq "${pair#*:}"
    tap "SIG$signal leaves nothing behind" holds out.onnx
    tap "SIG$signal leaves an older output as it was" grep -qx before out.onnx
    tap "SIG$signal is told in one line" grep -qx 'onnx-q: stopped; nothing was written' "$work/err"
    rm -f ./*
done
tap_done
