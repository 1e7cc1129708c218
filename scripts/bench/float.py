#!/usr/bin/env python3
"""Float runs against ONNX Runtime: time, memory, share of the processor's peak, agreement.

    float.py [NAME ...]                         the networks of nets.py (default: all)
    float.py MODEL.onnx [--data SAMPLES.npz]    any model (without data: random inputs)
    float.py --cases DIR [NAME ...]             the models of a folder of acceptance cases

    --build DIR     where onnx-q was built (default: .)      --threads 1,2     --rounds N     --json FILE

Each side is a process of its own with the model loaded once. In each of N rounds both run (who goes first alternates);
the figure is the median over rounds of peer's time by ours of the same round: above 1 we are faster. Outputs must agree
to 1e-4 of their largest value. Exit status 1 when something does not run or does not agree, never for slowness.
"""
import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx

import common
import nets
from compare_ort import cases_of, judge, read_outputs

PROMISES = {"resnet50": (0.95, 1.05), "mobilenetv2": (1.0, 1.15), "bert": (1.1, 1.25)}
CASES_PROMISE, CASES_FLOOR = (1.0, 1.2), 0.7


def work_of(args, model, data):
    """Floating-point operations of one sample in convolutions and matrix products, as our profile counts them."""
    _, _, out = common.measured(args.build, [common.tool(args.build, "onnx-q"), "run", model, "--input", data, "--calib-samples", 1,
                                             "--profile", "--json"])
    counted = ("Conv", "ConvTranspose", "Gemm", "MatMul", "LSTM", "GRU", "RNN")
    return sum(row["operations"] for row in json.loads(out)["profile"]["operators"] if row["operator"] in counted)


def random_data(model_path, folder):
    """One sample of random numbers for a model without data; unknown sizes are 1."""
    random, arrays = np.random.default_rng(0), {}
    model = onnx.load(model_path, load_external_data=False)
    held = {t.name for t in model.graph.initializer}
    for x in model.graph.input:
        if x.name in held:
            continue
        shape = [d.dim_value or 1 for d in x.type.tensor_type.shape.dim]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(x.type.tensor_type.elem_type)
        arrays[x.name] = random.standard_normal((1, *shape)).astype(dtype) if dtype.kind == "f" else np.ones((1, *shape), dtype)
    path = Path(folder) / "random.npz"
    np.savez(path, **arrays)
    return path


def agreement(one, other):
    """Largest difference by largest value over the outputs; Failed when it is not small."""
    with tempfile.TemporaryDirectory() as folder:
        mine, theirs = folder + "/ours.bin", folder + "/peer.npz"
        one.ask("write " + mine)
        other.ask("write " + theirs)
        got = read_outputs(mine, np)
        with np.load(theirs) as want:
            judged = {name: judge(array, want[name], np) for name, array in got}
    bad = [name for name, (_, _, passes) in judged.items() if not passes]
    if bad:
        raise common.Failed("output %s differs by %.3g of %.3g" % (bad[0], *judged[bad[0]][:2]))
    return max((d / size if size else d for d, size, _ in judged.values()), default=0.0)


def compare(name, model, data, threads, rounds, args, promise=(None, None)):
    """One row: a model at a number of threads."""
    one, other = common.ours(args.build, model, data, threads), common.peer(model, data, threads)
    try:
        pairs = common.rounds_of(one, other, rounds)
        row = {"model": name, "threads": threads, "ours_ms": common.fastest(pairs, 0) * 1e3,
               "peer_ms": common.fastest(pairs, 1) * 1e3, "ratio": common.paired(pairs), "must": promise[0],
               "goal": promise[1], "ours_mb": common.megabytes(one.peak()), "peer_mb": common.megabytes(other.peak()),
               "peer_base_mb": common.megabytes(other.base), "ours_load_ms": one.ready * 1e3, "peer_load_ms": other.ready * 1e3,
               "difference": agreement(one, other), "checksum": one.checksum}
        row["holds"] = common.verdict(row["ratio"], *promise)
        work = work_of(args, model, data)
        row["gflop"], peak = work * 1e-9, args.peaks.setdefault(threads, common.peaks(args.build, threads))["f32"]
        row["ours_share"], row["peer_share"] = (100 * work * 1e-9 / peak / common.fastest(pairs, i) for i in (0, 1))
        return row
    finally:
        one.close()
        other.close()


COLUMNS = (("model", "model"), ("threads", "threads"), ("ours ms", "ours_ms"), ("ORT ms", "peer_ms"), ("paired", "ratio"),
           ("must", "must"), ("goal", "goal"), ("holds", "holds"), ("of FMA peak", lambda r: "%.0f %%" % r["ours_share"]),
           ("ORT", lambda r: "%.0f %%" % r["peer_share"]), ("ours MB", "ours_mb"), ("ORT MB", "peer_mb"),
           ("difference", lambda r: "%.1g" % r["difference"]))


def is_convolutional(model):
    kinds = {node.op_type for node in onnx.load(model, load_external_data=False).graph.node}
    return "Conv" in kinds and not kinds & {"LSTM", "GRU", "RNN"}


def summary(rows):
    """Per number of threads the geometric mean and the slowest of the convolution models."""
    out = []
    for threads in sorted({r["threads"] for r in rows}):
        chosen = {r["model"]: r["ratio"] for r in rows if r["threads"] == threads and r["is_convolutional"]}
        if chosen:
            mean, slowest = common.geometric_mean(chosen.values()), min(chosen, key=chosen.get)
            holds = common.verdict(mean, *CASES_PROMISE)
            out.append({"threads": threads, "models": len(chosen), "mean": mean, "slowest": slowest, "ratio": chosen[slowest],
                        "holds": holds, "floor_holds": chosen[slowest] >= CASES_FLOOR})
            print("%d convolution models, %d threads: geometric mean %.2f (must %.1f, goal %.1f: %s), slowest %s %.2f (floor %.1f)"
                  % (len(chosen), threads, mean, *CASES_PROMISE, holds, slowest, chosen[slowest], CASES_FLOOR), flush=True)
    return out


def jobs(args, folder):
    """(name, model, data, promise) of everything asked for."""
    if args.cases:
        return [(name, model, data, (None, None)) for name, model, data in cases_of(args)]
    if args.names and args.names[0].endswith(".onnx"):
        return [(Path(m).stem, m, args.data or random_data(m, folder), (None, None)) for m in args.names]
    return [(n, *nets.built(Path(args.build) / "bench", n), PROMISES.get(n, (None, None))) for n in args.names or nets.NETS]


def run(args):
    """(rows, failures)"""
    rows, failures = [], []
    args.peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, model, data, promise in jobs(args, folder):
            for threads in args.threads:
                try:
                    row = compare(name, model, data, threads, args.rounds, args, promise)
                    row["is_convolutional"] = is_convolutional(model)
                    rows.append(row)
                    print("%-28s %d threads  %9.3f ms, ORT %9.3f ms, paired %.2f  %3.0f %% of peak (ORT %.0f %%)  %.0f MB (ORT %.0f)  %s"
                          % (name, threads, row["ours_ms"], row["peer_ms"], row["ratio"], row["ours_share"], row["peer_share"],
                             row["ours_mb"], row["peer_mb"], row["holds"]), flush=True)
                except common.Failed as failure:
                    failures.append({"model": name, "threads": threads, "reason": str(failure)})
                    print("%-28s %d threads  FAILED: %s" % (name, threads, failure), flush=True)
    return rows, failures


def parser():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=".")
    p.add_argument("--threads", type=lambda t: [int(n) for n in t.split(",")], default=[1, 2])
    p.add_argument("--rounds", type=int, default=11)
    p.add_argument("--data", default=None)
    p.add_argument("--cases", default=None)
    p.add_argument("--json", default=None)
    p.add_argument("names", nargs="*")
    return p


def main():
    args = parser().parse_args()
    args.model = None  # cases_of: all of them
    if args.cases:
        args.data = args.data or str(Path(args.build) / "bench" / "cases")
    rows, failures = run(args)
    return common.report(args.json, rows, failures, COLUMNS, peaks=args.peaks, summary=summary(rows) if args.cases else [])


if __name__ == "__main__":
    sys.exit(main())
