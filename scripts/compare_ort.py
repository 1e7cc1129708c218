#!/usr/bin/env python3
"""Run models through our executor and through ONNX Runtime on the same samples, and compare.

    compare_ort.py --run-model BUILD/tests/exec/run_model [--cases DIR] [--data DIR] [--samples N] [--integer] [CASE ...]
    compare_ort.py --run-model ... --model M.onnx --npz SAMPLES.npz

DIR is the folder of acceptance cases (models/, accept.py); calibration samples are prepared into --data when they are
not there. A float output passes when its largest difference is at most 1e-5, or 1e-4 of its largest value; integer
outputs must be equal. Where that does not hold, the sample may be ill-conditioned: ONNX Runtime runs it again with its
float inputs changed by half a unit in the last place, and we may differ by 4 times as much as it then differs from
itself (this is said in the line). Exit status: number of models that do not pass; 77 when something needed is missing.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time

DTYPES = {"float": "f4", "double": "f8", "float16": "f2", "bool": "?", "int8": "i1", "uint8": "u1", "int16": "i2",
          "uint16": "u2", "int32": "i4", "uint32": "u4", "int64": "i8", "uint64": "u8"}


def read_outputs(path, numpy):
    """List of (name, array) as run_model wrote them."""
    found = []
    with open(path, "rb") as stream:
        while line := stream.readline():
            words = line.decode().rsplit(" ", line.count(b" "))
            rank_at = next(i for i in range(2, len(words)) if words[i - 1] in DTYPES and words[i].isdigit())
            rank = int(words[rank_at])
            dims = [int(w) for w in words[rank_at + 1 : rank_at + 1 + rank]]
            data = stream.read(int(words[rank_at + 1 + rank]))
            found.append((" ".join(words[: rank_at - 1]), numpy.frombuffer(data, DTYPES[words[rank_at - 1]]).reshape(dims)))
    return found


def sample(array, rank, index):
    return array[index : index + 1] if array.ndim == rank else array[index]


def open_peer(model, ort):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def feeds_of(session, data, i, numpy):
    return {x.name: numpy.ascontiguousarray(sample(data[x.name], len(x.shape), i)) for x in session.get_inputs()}


def sensitivity(session, feeds, outputs, numpy):
    """How far each output moves when float inputs change by half a unit in the last place."""
    random = numpy.random.default_rng(0)
    moved = {k: (x * (1 + random.uniform(-1, 1, x.shape) * 2.0**-24)).astype(x.dtype) if x.dtype == "f4" else x
             for k, x in feeds.items()}
    return [float(numpy.abs(a - b).max()) if a.dtype.kind == "f" and a.size else 0.0
            for a, b in zip(session.run(None, moved), outputs)]


def run_peer(session, data, n, numpy):
    """Outputs of ONNX Runtime per sample, and the fastest run in seconds."""
    outputs, best = [], 1e9
    for i in range(n):
        feeds = feeds_of(session, data, i, numpy)
        start = time.perf_counter()
        outputs.append(session.run(None, feeds))
        best = min(best, time.perf_counter() - start)
    return outputs, best


def judge(got, want, numpy):
    """(largest difference, largest value, passes)"""
    if got.shape != want.shape or got.dtype != want.dtype:
        return float("inf"), 0.0, False
    if want.dtype.kind != "f":
        differ = int((got != want).sum())
        return float(differ), 0.0, differ == 0
    if want.size == 0:
        return 0.0, 0.0, True
    if not numpy.array_equal(numpy.isnan(got), numpy.isnan(want)):
        return float("nan"), 0.0, False
    with numpy.errstate(invalid="ignore"):
        difference = numpy.where(got == want, 0, numpy.abs(got.astype("f8") - want))
    worst, size = float(numpy.nanmax(difference)), float(numpy.nanmax(numpy.abs(want)))
    return worst, size, worst <= max(1e-5, 1e-4 * size)


def compare(name, model, npz, args, numpy, ort):
    data = dict(numpy.load(npz))
    n = min(args.samples, min(len(a) for a in data.values()))
    with tempfile.TemporaryDirectory() as folder:
        # The first n samples, so that both sides mean the same ones.
        cut, out = os.path.join(folder, "cut.npz"), os.path.join(folder, "out.bin")
        numpy.savez(cut, **{k: a[:n] for k, a in data.items()})
        command = [args.run_model] + (["--integer"] if args.integer else []) + [model, cut, out]
        run = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if run.returncode != 0:
            print(f"{name:30} FAIL {run.stderr.strip() or f'status {run.returncode}'}")
            return False
        ours = read_outputs(out, numpy)
    session = open_peer(model, ort)
    wanted, peer_seconds = run_peer(session, data, n, numpy)
    flat = [a for outputs in wanted for a in outputs]
    judged = [judge(got, want, numpy) for (_, got), want in zip(ours, flat)]
    note = ""
    for i, outputs in enumerate(wanted):
        mine = judged[i * len(outputs) : (i + 1) * len(outputs)]
        if all(j[2] for j in mine):
            continue
        moves = sensitivity(session, feeds_of(session, data, i, numpy), outputs, numpy)
        excused = [(d, size, passes or d <= 4 * m) for (d, size, passes), m in zip(mine, moves)]
        judged[i * len(outputs) : (i + 1) * len(outputs)] = excused
        note += f"  sample {i} ill-conditioned: ONNX Runtime moves by {max(moves):.3g} itself"
    passes = len(ours) == len(flat) and all(j[2] for j in judged)
    worst = max(judged, key=lambda j: j[0] / max(j[1], 1e-30) if j[0] > 1e-5 else 0)
    seconds = float(run.stdout.split("seconds")[1].split()[0])
    print(f"{name:30} {'ok  ' if passes else 'FAIL'} difference {worst[0]:9.3g} of {worst[1]:9.3g}"
          f"  {seconds * 1e3:9.2f} ms, ONNX Runtime {peer_seconds * 1e3:8.2f} ms{note}", flush=True)
    return passes


def cases_of(args):
    """(name, model, npz) of each case asked for; prepares what is missing."""
    if args.model:
        return [(os.path.basename(args.model), args.model, args.npz)]
    models = sorted(f[:-5] for f in os.listdir(os.path.join(args.cases, "models")) if f.endswith(".onnx"))
    chosen = [m for m in models if not args.names or any(n in m for n in args.names)]
    missing = [m for m in chosen if not os.path.exists(os.path.join(args.data, m, "calib.npz"))]
    if missing:
        subprocess.run([sys.executable, os.path.join(args.cases, "accept.py"), "prepare", "--out", args.data, *missing],
                       check=True, stdout=subprocess.DEVNULL)
    return [(m, os.path.join(args.cases, "models", m + ".onnx"), os.path.join(args.data, m, "calib.npz")) for m in chosen]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run-model", required=True)
    parser.add_argument("--cases", default="../shared/cases")
    parser.add_argument("--data", default=os.path.join(tempfile.gettempdir(), "onnxq-compare"))
    parser.add_argument("--model")
    parser.add_argument("--npz")
    parser.add_argument("--samples", type=int, default=2)
    parser.add_argument("--integer", action="store_true")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    try:
        import numpy
        import onnxruntime as ort
    except ImportError as missing:
        print(missing, file=sys.stderr)
        sys.exit(77)
    if not args.model and not os.path.isdir(args.cases):
        print(f"{args.cases}: no cases here", file=sys.stderr)
        sys.exit(77)
    sys.exit(sum(not compare(*case, args, numpy, ort) for case in cases_of(args)))


if __name__ == "__main__":
    main()
