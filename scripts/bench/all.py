#!/usr/bin/env python3
"""All benches, as `make bench` runs them; writes BUILD/bench.json and BUILD/bench.md (the table for README).

    all.py [--build DIR] [--cases DIR] [--quick] [--only float,cases,calibrate,integer,convert,startup]

--quick: 3 rounds instead of 11, fewer samples. Without the folder of acceptance cases their benches are left out, with
a line that says so. Exit status 1 when something of ours does not run; slowness is a line in the table, not a failure.
"""
import argparse
import importlib.util
import json
import platform
import sys
from pathlib import Path

import common


def bench(name):
    """The script of that name as a module (float.py cannot be imported by name without hiding the type)."""
    spec = importlib.util.spec_from_file_location("bench_" + name, common.HERE / (name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def chosen(args):
    """(title, module, arguments) of the benches asked for."""
    few = ["--rounds", "3"] if args.quick else []
    cases = ["--cases", args.cases]
    rows = {"float": ("Float runs against ONNX Runtime", "float", few),
            "cases": ("Float runs, acceptance cases", "float", few + cases),
            "calibrate": ("Calibration against ONNX Runtime's calibrators", "calibrate", ["--rounds", "1", "--samples", "4"] if args.quick else []),
            "integer": ("Integer run against our float run", "integer", few),
            "convert": ("Whole conversions against quantize_static", "convert", cases),
            "startup": ("Start-up", "startup", few)}
    picked = args.only.split(",") if args.only else list(rows)
    if not Path(args.cases).is_dir():
        print("SKIP: %s is not there: no acceptance cases" % args.cases)
        picked = [p for p in picked if p not in ("cases", "convert")]
    return [(p, *rows[p]) for p in picked]


def machine():
    name = platform.machine()
    try:
        with open("/proc/cpuinfo") as info:
            name = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), name)
    except OSError:
        pass
    return name


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=".")
    p.add_argument("--cases", default="../shared/cases")
    p.add_argument("--quick", action="store_true")
    p.add_argument("--only", default=None)
    args = p.parse_args()
    try:
        import onnxruntime
    except ImportError as missing:
        print("SKIP: %s" % missing)
        return 0
    found = {"machine": machine(), "onnxruntime": onnxruntime.__version__, "fma_peak": {n: common.peaks(args.build, n) for n in (1, 2)}}
    page = ["%s, ONNX Runtime %s; float32 multiply-add peak %.0f GFLOP/s a thread." % (
        found["machine"], found["onnxruntime"], found["fma_peak"][1]["f32"])]
    failed = 0
    for key, title, script, words in chosen(args):
        print("\n== " + title, flush=True)
        module = bench(script)
        options = module.parser().parse_args(["--build", args.build, *words])
        options.model = None
        if getattr(options, "cases", None):
            options.data = str(Path(args.build) / "bench" / "cases")
        rows, failures = module.run(options)
        means = module.summary(rows) if hasattr(module, "summary") and (script != "float" or options.cases) else None
        found[key] = {"rows": rows, "failures": failures, "summary": means}
        failed += sum(f.get("is_ours", True) for f in failures)
        page += ["", "### " + title, "", common.table(rows, module.COLUMNS)]
        page += ["", *("%s: %s" % (f.get("model", f.get("what")), f["reason"]) for f in failures)] if failures else []
        (Path(args.build) / "bench.json").write_text(json.dumps(found, indent=1))
        (Path(args.build) / "bench.md").write_text("\n".join(page) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
