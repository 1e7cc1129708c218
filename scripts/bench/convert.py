#!/usr/bin/env python3
"""Whole conversions against quantize_static, process by process, over a folder of acceptance cases.

    convert.py [--build DIR] --cases DIR [--rounds N] [--json FILE] [NAME ...]

Ours is `onnx-q convert` with min-max and its verification; the peer's is quant_pre_process and quantize_static with min-max
on the same samples, each from the start of its process to the end. "inside" leaves out the peer's imports. A model that the
peer cannot quantize is named and left out of the means.
"""
import argparse
import statistics
import sys
import tempfile
from pathlib import Path

import common
from compare_ort import cases_of

TIME, MEMORY = (5.0, 10.0), (0.3, 0.2)


def ours(args, model, data, out):
    wall, peak, _ = common.measured(args.build, [common.tool(args.build, "onnx-q"), "convert", model, "--calib", data, "-q", "-o", out])
    return wall, peak, wall


def theirs(args, model, data, out):
    wall, peak, text = common.measured(args.build, [sys.executable, common.HERE / "ort_quantize.py", model, data, out])
    return wall, peak, float(text.split()[-1])


def compare(args, name, model, data, folder):
    found = []
    for r in range(args.rounds):
        pair = {}
        for side in ((ours, theirs), (theirs, ours))[r % 2]:
            pair[side] = side(args, model, data, Path(folder) / (side.__name__ + ".onnx"))
        found.append((pair[ours], pair[theirs]))
    return {"model": name, "ours_s": min(o[0] for o, _ in found), "peer_s": min(p[0] for _, p in found),
            "ratio": statistics.median(p[0] / o[0] for o, p in found), "inside": statistics.median(p[2] / o[0] for o, p in found),
            "ours_mb": common.megabytes(min(o[1] for o, _ in found)), "peer_mb": common.megabytes(min(p[1] for _, p in found)),
            "memory": min(o[1] for o, _ in found) / min(p[1] for _, p in found)}


def summary(rows):
    if not rows:
        return {}
    time, inside, memory = (common.geometric_mean(r[k] for r in rows) for k in ("ratio", "inside", "memory"))
    out = {"models": len(rows), "time": time, "inside": inside, "memory": memory, "holds": common.verdict(time, *TIME),
           "memory_holds": common.verdict(memory, *MEMORY, True)}
    print("%d models, geometric means: %.1f times faster (must %.0f, goal %.0f: %s; %.1f without the peer's imports), %.2f of its memory"
          " (must %.1f, goal %.1f: %s)" % (len(rows), time, *TIME, out["holds"], inside, memory, *MEMORY, out["memory_holds"]))
    return out


COLUMNS = (("model", "model"), ("ours s", "ours_s"), ("ORT s", "peer_s"), ("faster", "ratio"), ("inside", "inside"),
           ("ours MB", "ours_mb"), ("ORT MB", "peer_mb"), ("of ORT", "memory"))


def run(args):
    """(rows, failures)"""
    rows, failures = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name, model, data in cases_of(args):
            try:
                row = compare(args, name, model, data, folder)
                rows.append(row)
                print("%-28s %7.2f s, ORT %7.2f s, %5.1f times faster (inside %5.1f)  %5.0f MB, ORT %5.0f: %.2f" % tuple(row.values()), flush=True)
            except common.Failed as failure:
                failures.append({"model": name, "reason": str(failure), "is_ours": "ort_quantize" not in str(failure)})
                print("%-28s FAILED: %s" % (name, failure), flush=True)
    return rows, failures


def parser():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=".")
    p.add_argument("--rounds", type=int, default=1)
    p.add_argument("--cases", default="../shared/cases")
    p.add_argument("--data", default=None)
    p.add_argument("--json", default=None)
    p.add_argument("names", nargs="*")
    return p


def main():
    args = parser().parse_args()
    args.model, args.data = None, args.data or str(Path(args.build) / "bench" / "cases")
    rows, failures = run(args)
    common.report(args.json, rows, failures, COLUMNS, summary=summary(rows))
    return 1 if any(f["is_ours"] for f in failures) else 0


if __name__ == "__main__":
    sys.exit(main())
