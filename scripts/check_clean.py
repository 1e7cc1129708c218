#!/usr/bin/env python3
"""Run the cleaning passes over float models and compare ONNX Runtime's outputs before and after.

    check_clean.py --lift BUILD/tests/pass/lift MODEL.onnx...

Prints one line per model: nodes before and after, the largest difference relative to the largest output, and
whether onnx.checker accepts the result. Exit status 1 when a model differs by more than --tolerance (or twice
what ONNX Runtime's own fusion of the same patterns does to it: some models amplify any rounding), or is
refused where the original was not.
"""

import argparse
import itertools
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime

SIZES = {1: "float32", 11: "float64", 10: "float16", 6: "int32", 7: "int64", 9: "bool", 2: "uint8", 3: "int8"}


LEVELS = onnxruntime.GraphOptimizationLevel


def session(path, level=LEVELS.ORT_DISABLE_ALL):
    """Unoptimized, unless told otherwise: what is compared is the graph as it stands."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def feeds(model, seed, sizes):
    """Seeded inputs. sizes: what an unknown first dimension becomes, and what any other."""
    rng = np.random.default_rng(seed)
    constants = {i.name for i in model.graph.initializer}
    made = {}
    for value in model.graph.input:
        if value.name in constants:
            continue
        tensor = value.type.tensor_type
        shape = [
            d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else sizes[min(i, 1)]
            for i, d in enumerate(tensor.shape.dim)
        ]
        dtype = np.dtype(SIZES[tensor.elem_type])
        if dtype.kind == "f":
            made[value.name] = rng.standard_normal(shape).astype(dtype)
        else:
            made[value.name] = rng.integers(0, 2, shape).astype(dtype)
    return made


def accepted(model):
    try:
        onnx.checker.check_model(model, full_check=True)
        return True
    except Exception:  # noqa: BLE001 - any refusal counts
        return False


def difference(before, after):
    """Largest difference relative to the largest number, over all outputs."""
    worst = 0.0
    for a, b in zip(before, after):
        if a.shape != b.shape or a.dtype != b.dtype:
            return float("inf")
        if a.size == 0:
            continue
        a, b = a.astype(np.float64), b.astype(np.float64)
        finite = np.isfinite(a)
        if not np.array_equal(a[~finite], b[~finite], equal_nan=True) or not np.isfinite(b[finite]).all():
            return float("inf")
        if finite.any():
            top = np.abs(a[finite]).max()
            worst = max(worst, float(np.abs(a[finite] - b[finite]).max() / (top if top > 0 else 1)))
    return worst


def fitting_sizes(original, model, wanted):
    """The first sizes of unknown dimensions with which the original runs: not every model takes any."""
    for sizes in itertools.product((1, 2), (wanted, 1, 2, 14, 16, 28, 32, 64)):
        try:
            original.run(None, feeds(model, 0, sizes))
            return sizes
        except Exception as refusal:  # noqa: BLE001 - any refusal counts
            reason = refusal
    raise SystemExit(f"no size of the unknown dimensions suits this model: {reason}")


def check(path, lift, tolerance, size, samples):
    model = onnx.load(path)
    name = os.path.basename(path)
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "clean.onnx")
        done = subprocess.run([lift, "--clean", path, out], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{name}: FAILED: {done.stderr.strip()}")
            return False
        cleaned = onnx.load(out)
        a, b = session(path), session(out)
        sizes = fitting_sizes(a, model, size)
        own = session(path, LEVELS.ORT_ENABLE_BASIC)
        worst = theirs = 0.0
        for seed in range(samples):
            made = feeds(model, seed, sizes)
            reference = a.run(None, made)
            worst = max(worst, difference(reference, b.run(None, made)))
            theirs = max(theirs, difference(reference, own.run(None, made)))
    valid = accepted(cleaned) or not accepted(model)
    ok = worst <= max(tolerance, 2 * theirs) and valid
    opsets = f"{model.opset_import[0].version} -> {cleaned.opset_import[0].version}"
    print(
        f"{name:36} {len(model.graph.node):5} -> {len(cleaned.graph.node):5} nodes  opset {opsets}"
        f"  off by {worst:.1e} (theirs {theirs:.1e}){'' if valid else '  REFUSED by onnx.checker'}{'' if ok else '  FAILED'}"
    )
    return ok


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("models", nargs="+")
    parser.add_argument("--lift", required=True, help="the test program tests/pass/lift of a build")
    parser.add_argument("--tolerance", type=float, default=1e-5)
    parser.add_argument("--size", type=int, default=64, help="of dimensions without a number, behind the first")
    parser.add_argument("--samples", type=int, default=2)
    args = parser.parse_args()
    results = [check(m, args.lift, args.tolerance, args.size, args.samples) for m in args.models]
    print(f"{sum(results)} of {len(results)} models keep their numbers")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
