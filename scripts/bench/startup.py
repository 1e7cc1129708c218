#!/usr/bin/env python3
"""How soon there is an answer: whole processes, the fastest of N.

    startup.py [--build DIR] [--rounds N] [--json FILE]
"""
import argparse
import sys

import common

COLUMNS = (("process", "what"), ("ms", "ms"), ("peak MB", "mb"))


def run(args):
    """(rows, failures)"""
    model = common.HERE.parent.parent / "models" / "digits_cnn.onnx"
    program = common.tool(args.build, "onnx-q")
    session = "import onnxruntime as o, sys; o.InferenceSession(sys.argv[1], providers=['CPUExecutionProvider'])"
    commands = (("onnx-q --version", [program, "--version"]), ("onnx-q check of a small model", [program, "check", "-q", model]),
                ("python -c 'import onnx'", [sys.executable, "-c", "import onnx"]),
                ("ONNX Runtime session of that model, from Python", [sys.executable, "-c", session, model]))
    rows, failures = [], []
    for what, command in commands:
        try:
            found = [common.measured(args.build, command) for _ in range(args.rounds)]
            rows.append({"what": what, "ms": min(f[0] for f in found) * 1e3, "mb": common.megabytes(min(f[1] for f in found))})
            print("%-48s %9.2f ms  %6.1f MB" % tuple(rows[-1].values()), flush=True)
        except common.Failed as failure:
            failures.append({"what": what, "reason": str(failure)})
            print("%-48s FAILED: %s" % (what, failure), flush=True)
    return rows, failures


def parser():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=".")
    p.add_argument("--rounds", type=int, default=11)
    p.add_argument("--json", default=None)
    return p


def main():
    args = parser().parse_args()
    rows, failures = run(args)
    return common.report(args.json, rows, failures, COLUMNS)


if __name__ == "__main__":
    sys.exit(main())
