"""Converts bundled models in several ways and runs them in ONNX Runtime: the loss must be what onnx-q says it is.

Prints one line per way: "ok TEXT" or "not ok TEXT"."""
import json
import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime as ort

source, program, work = sys.argv[1:4]

SAMPLES = 32
WAYS = {
    "defaults": [],
    "accurate": ["--placement", "accurate"],
    "activations alone": ["--activation-only"],
    "signed activations": ["--activations", "s8"],
    "one scale per weight": ["--per-tensor"],
    "symmetric": ["--symmetric"],
    "7-bit": ["--reduce-range"],
    "first operator excluded": ["--exclude", "op:Conv", "--exclude", "op:LSTM"],
    "matrix products included": ["--include", "op:MatMul", "--include", "op:Gemm"],
    "weights alone": None,
}
MODELS = [("digits_cnn", "digits"), ("tiny_transformer", "chars"), ("tiny_lstm", "rows"), ("tiny_gru", "rows"),
          ("seed_multiple_ops", "seed"), ("seed_noavgpool", "seed")]


def session(path):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def sqnr(a, b):
    noise = float(((a.astype(np.float64) - b) ** 2).sum())
    signal = float((a.astype(np.float64) ** 2).sum())
    return 200.0 if noise == 0 else 10 * np.log10(signal / noise)


def samples(model, path):
    archive = np.load(path)
    rank = len(onnx.load(model).graph.input[0].type.tensor_type.shape.dim)
    rows = archive[archive.files[0]]
    n = min(len(rows), SAMPLES)
    for k in range(n):  # evenly spread, as --calib-samples does
        row = rows[k * len(rows) // n]
        yield {archive.files[0]: row if row.ndim == rank else row[None]}


def loss(model, result, data):
    a, b = session(model), session(result)
    figures = [[sqnr(x, y) for x, y in zip(a.run(None, feed), b.run(None, feed))]
               for feed in samples(model, data)]
    return float(np.mean(figures))


def mean_of(report):
    return report["sqnr_db"] if "sqnr_db" in report else report["verify"]["sqnr_db"]


def attempt(name, data, way, options):
    model, result = f"{source}/models/{name}.onnx", f"{work}/{name}.onnx"
    evaluation = f"{source}/models/{data}_eval.npz"
    command = [program, "convert", model, "-o", result, "-q"] + (options or [])
    if options is not None:
        command += ["--calib", f"{source}/models/{data}_calib.npz"]
    subprocess.run(command, check=True)
    onnx.checker.check_model(result, full_check=True)
    theirs = loss(model, result, evaluation)
    ours = subprocess.run([program, "compare", model, result, "--calib", evaluation, "--calib-samples", str(SAMPLES), "--json"],
                          check=False, capture_output=True, text=True)
    figure = mean_of(json.loads(ours.stdout))
    return abs(figure - theirs) <= 1.0, f"{theirs:.1f} dB there, {figure:.1f} dB here"


def main():
    for name, data in MODELS:
        for way, options in WAYS.items():
            try:
                fine, text = attempt(name, data, way, options)
            except Exception as fault:  # whatever it is, it is a failed check
                fine, text = False, str(fault).replace("\n", " ")[:300]
            print(f"{'ok' if fine else 'not ok'} {name}, {way}: {text}", flush=True)


main()
