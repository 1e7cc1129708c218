#!/bin/sh
# The same input gives the same bytes: with one thread and with several, and on every instruction set.
: "${srcdir:=$(dirname "$0")/../..}"
. "$srcdir/tests/cli/cli.sh"
for pair in digits_cnn:digits tiny_transformer:chars; do
    model=$models/${pair%:*}.onnx calib=$models/${pair#*:}_calib.npz
    "$ONNXQ" convert "$model" --calib "$calib" -q -o one.onnx --threads 1 --plan-out one.json
    "$ONNXQ" convert "$model" --calib "$calib" -q -o two.onnx --threads 2 --plan-out two.json
    ONNXQ_ISA=base "$ONNXQ" convert "$model" --calib "$calib" -q -o base.onnx --plan-out base.json
    ONNXQ_ISA=avx2 "$ONNXQ" convert "$model" --calib "$calib" -q -o avx2.onnx
    tap "${pair%:*}: 1 and 2 threads" cmp one.onnx two.onnx
    tap "${pair%:*}: portable kernels" cmp one.onnx base.onnx
    tap "${pair%:*}: AVX2 kernels, where there are any" cmp one.onnx avx2.onnx
    tap "${pair%:*}: the plans are the same too" sh -c 'cmp one.json two.json && cmp one.json base.json'
    "$ONNXQ" convert "$model" --calib "$calib" -q -o other.onnx --placement accurate --symmetric
    tap "${pair%:*}: other options give another file" sh -c '! cmp -s one.onnx other.onnx'
done
for pair in digits_cnn:digits tiny_transformer:chars tiny_gru:rows; do
    model=$models/${pair%:*}.onnx calib=$models/${pair#*:}_calib.npz
    "$ONNXQ" convert "$model" --calib "$calib" --quality balanced -q -o one.onnx --threads 1
    "$ONNXQ" convert "$model" --calib "$calib" --quality balanced -q -o two.onnx --threads 2
    ONNXQ_ISA=base "$ONNXQ" convert "$model" --calib "$calib" --quality balanced -q -o base.onnx
    ONNXQ_ISA=avx2 "$ONNXQ" convert "$model" --calib "$calib" --quality balanced -q -o avx2.onnx
    tap "${pair%:*}, balanced: 1 and 2 threads" cmp one.onnx two.onnx
    tap "${pair%:*}, balanced: portable kernels" cmp one.onnx base.onnx
    tap "${pair%:*}, balanced: AVX2 kernels, where there are any" cmp one.onnx avx2.onnx
done
tap_done
