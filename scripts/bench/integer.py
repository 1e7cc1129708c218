#!/usr/bin/env python3
"""Our integer run of the converted model against our float run of the original.

    integer.py [--build DIR] [--samples N] [--rounds N] [--threads 1,2] [--json FILE] [NAME ...]

Rounds as in float.py; the converted model also runs in ONNX Runtime, for comparison.
"""
import argparse
import statistics
import sys
import tempfile
from pathlib import Path

import common
import nets

PROMISES = {"resnet50": (3.0, 3.6)}
COLUMNS = (("model", "model"), ("threads", "threads"), ("float ms", "float_ms"), ("integer ms", "integer_ms"), ("paired", "ratio"),
           ("must", "must"), ("goal", "goal"), ("holds", "holds"), ("ORT int8 ms", "peer_ms"), ("against it", "peer_ratio"))


def compare(args, name, model, converted, data, threads):
    sides = (common.ours(args.build, converted, data, threads, integer=True), common.ours(args.build, model, data, threads),
             common.peer(converted, data, threads))
    try:
        pairs = common.rounds_of(sides[0], sides[1], args.rounds)
        against = common.rounds_of(sides[0], sides[2], args.rounds)
        must, goal = PROMISES.get(name, (None, None))
        ratio = common.paired(pairs)
        return {"model": name, "threads": threads, "integer_ms": common.fastest(pairs, 0) * 1e3,
                "float_ms": common.fastest(pairs, 1) * 1e3, "ratio": ratio, "must": must, "goal": goal,
                "holds": common.verdict(ratio, must, goal), "peer_ms": common.fastest(against, 1) * 1e3,
                "peer_ratio": statistics.median(b / a for a, b in against)}
    finally:
        for side in sides:
            side.close()


def run(args):
    """(rows, failures)"""
    rows, failures = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name in args.names or ["resnet50", "mobilenetv2"]:
            try:
                model, data = nets.built(Path(args.build) / "bench", name)
                converted = Path(folder) / (name + ".int8.onnx")
                common.measured(args.build, [common.tool(args.build, "onnx-q"), "convert", model, "--calib", data, "--calib-samples",
                                             args.samples, "--no-verify", "-q", "-o", converted])
                for threads in args.threads:
                    row = compare(args, name, model, converted, data, threads)
                    rows.append(row)
                    print("%-14s %d threads  float %8.3f ms, integer %8.3f ms, paired %.2f (must %s, goal %s: %s); ORT's int8 %8.3f ms, paired %.2f"
                          % (name, threads, row["float_ms"], row["integer_ms"], row["ratio"], row["must"], row["goal"], row["holds"],
                             row["peer_ms"], row["peer_ratio"]), flush=True)
            except common.Failed as failure:
                failures.append({"model": name, "reason": str(failure)})
                print("%-14s FAILED: %s" % (name, failure), flush=True)
    return rows, failures


def parser():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=".")
    p.add_argument("--samples", type=int, default=4)
    p.add_argument("--rounds", type=int, default=11)
    p.add_argument("--threads", type=lambda t: [int(n) for n in t.split(",")], default=[1, 2])
    p.add_argument("--json", default=None)
    p.add_argument("names", nargs="*")
    return p


def main():
    args = parser().parse_args()
    rows, failures = run(args)
    return common.report(args.json, rows, failures, COLUMNS)


if __name__ == "__main__":
    sys.exit(main())
