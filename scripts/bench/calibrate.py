#!/usr/bin/env python3
"""Calibration against ONNX Runtime's calibrators: min-max, and percentile (its histogram one).

    calibrate.py [--build DIR] [--samples N] [--rounds N] [--threads N] [--methods minmax,percentile] [--json FILE] [NAME ...]

Ours is the calibration of `onnx-q convert --no-verify` (the seconds of that stage in its report: compiling the program, running the
samples, the ranges); its memory is that of the whole conversion. The peer's is create_calibrator, collect_data and
compute_data in a process of its own, without its imports. Memory is held against the peak of a bare ONNX Runtime session
that runs one sample, and against the peer's calibration; the interpreter and its libraries (what was resident before) are
taken off both. Same samples for both sides; both use all processors unless --threads says otherwise for ours.
"""
import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

import common
import nets

TIME = {("minmax", "resnet50"): (1.5, 2.0), ("minmax", "mobilenetv2"): (3.0, 5.0), ("minmax", "bert"): (1.4, 1.7),
        ("percentile", "resnet50"): (5.0, 10.0), ("percentile", "mobilenetv2"): (5.0, 10.0), ("percentile", "bert"): (5.0, 10.0)}
MEMORY_OF_SESSION, MEMORY_OF_HISTOGRAM = (0.5, 0.35), (0.1, 0.1)


def ours(args, model, data, method, folder):
    """(seconds of calibration, of the whole process, peak bytes)"""
    command = [common.tool(args.build, "onnx-q"), "convert", model, "--calib", data, "--method", method, "--no-verify", "--json",
               "--calib-samples", args.samples, "-o", Path(folder) / "out.onnx"]
    if args.threads:
        command += ["--threads", args.threads]
    wall, peak, out = common.measured(args.build, command)
    return json.loads(out)["seconds"]["calibrate"], wall, peak


def theirs(args, model, data, method):
    wall, peak, out = common.measured(args.build, [sys.executable, common.HERE / "ort_calibrate.py", model, data, method, args.samples])
    return float(out.strip().split("\n")[-1].split()[0]), wall, peak


def session_peak(model, data):
    """(peak, base) of a process that only makes a session and runs once."""
    side = common.peer(model, data, 2)
    side.run()
    peak, base = side.peak(), side.base
    side.close()
    return peak, base


def compare(args, name, method, session, folder):
    model, data = nets.built(Path(args.build) / "bench", name)
    sides = (lambda: ours(args, model, data, method, folder), lambda: theirs(args, model, data, method))
    found = []
    for r in range(args.rounds):
        first = r % 2
        pair = {first: sides[first]()}
        pair[1 - first] = sides[1 - first]()
        found.append((pair[0], pair[1]))
    must, goal = TIME.get((method, name), (None, None))
    ratio = statistics.median(p[0] / o[0] for o, p in found)
    peak, peer_peak = min(o[2] for o, _ in found), min(p[2] for _, p in found)
    row = {"model": name, "method": method, "samples": args.samples, "ours_s": min(o[0] for o, _ in found),
           "peer_s": min(p[0] for _, p in found), "ours_process_s": min(o[1] for o, _ in found),
           "peer_process_s": min(p[1] for _, p in found), "ratio": ratio, "must": must, "goal": goal,
           "holds": common.verdict(ratio, must, goal), "ours_mb": common.megabytes(peak),
           "peer_mb": common.megabytes(peer_peak - session[1]), "session_mb": common.megabytes(session[0] - session[1])}
    row["of_session"], row["of_peer"] = peak / (session[0] - session[1]), peak / (peer_peak - session[1])
    limits = MEMORY_OF_SESSION if method == "minmax" else MEMORY_OF_HISTOGRAM
    row["memory_holds"] = common.verdict(row["of_session" if method == "minmax" else "of_peer"], *limits, True)
    return row


COLUMNS = (("model", "model"), ("method", "method"), ("samples", "samples"), ("ours s", "ours_s"), ("ORT s", "peer_s"),
           ("paired", "ratio"), ("must", "must"), ("goal", "goal"), ("holds", "holds"), ("ours MB", "ours_mb"),
           ("ORT MB", "peer_mb"), ("ORT session MB", "session_mb"), ("of session", "of_session"), ("of ORT", "of_peer"),
           ("memory holds", "memory_holds"))


def run(args):
    """(rows, failures)"""
    rows, failures = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name in args.names or ["resnet50", "mobilenetv2", "bert"]:
            session = session_peak(*nets.built(Path(args.build) / "bench", name))
            for method in args.methods.split(","):
                try:
                    row = compare(args, name, method, session, folder)
                    rows.append(row)
                    print("%-14s %-10s %7.3f s, ORT %8.3f s, paired %6.2f (must %s, goal %s: %s)  %.0f MB, ORT %.0f, its session %.0f: %s"
                          % (name, method, row["ours_s"], row["peer_s"], row["ratio"], row["must"], row["goal"], row["holds"],
                             row["ours_mb"], row["peer_mb"], row["session_mb"], row["memory_holds"]), flush=True)
                except common.Failed as failure:
                    failures.append({"model": name, "method": method, "reason": str(failure)})
                    print("%-14s %-10s FAILED: %s" % (name, method, failure), flush=True)
    return rows, failures


def parser():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=".")
    p.add_argument("--samples", type=int, default=16)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--threads", type=int, default=0)
    p.add_argument("--methods", default="minmax,percentile")
    p.add_argument("--json", default=None)
    p.add_argument("names", nargs="*")
    return p


def main():
    args = parser().parse_args()
    rows, failures = run(args)
    return common.report(args.json, rows, failures, COLUMNS)


if __name__ == "__main__":
    sys.exit(main())
