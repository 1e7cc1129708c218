#!/usr/bin/env python3
"""Random small models through our executor and through ONNX Runtime: the same outputs, or a reason.

    differential.py --run-cases BUILD/tests/backend/run_cases [--cases N] [--seed N] [--only INDEX] [--keep DIR] [-v]

Cases come from differential_cases.py; case number and seed say everything about one. A case ends in one of
    same        both ran and agree (floats to a tolerance per operator, everything else exactly)
    refused     ONNX Runtime does not take it (counted by reason, shown with -v)
    skipped     we say that we cannot (OQ_UNSUPPORTED); counted by what is said
    excused     differs, for a reason on the list EXCUSED below: there ONNX Runtime is
                wrong or the standard leaves it open; or the reference implementation of the standard agrees with us
    FAILED      everything else, crashes included
A failure is made small (fewer nodes of a chain, smaller sizes of the same operator) and, with --keep, written to
DIR/NAME/{model.onnx,test_data_set_0/*.pb}; those that were our bugs live on in tests/backend/differential.
Exit status: 1 when something FAILED or fewer than --least cases were the same, 77 when Python lacks something.
"""
import argparse
import collections
import os
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

def has(m, attribute):
    return any(a.name == attribute for n in m.nodes for a in n.attribute)


def smallest(m):
    return min([a.size for a in m.feeds.values()] + [len(w.raw_data) for w in m.weights])


def is_whole(m):
    """The data are integers."""
    from onnx import numpy_helper
    x = m.nodes[0].input[0]
    arrays = {**m.feeds, **{w.name: numpy_helper.to_array(w) for w in m.weights}}
    return arrays[x].dtype.kind != "f"


# (what is asked: operator, condition on the case; why). First match counts.
EXCUSED = (
    ("MaxPool", lambda m: has(m, "auto_pad") and has(m, "dilations"), "SAME_* is ceil(in / stride) whatever the dilation"),
    ("MaxPool", lambda m: has(m, "auto_pad") and has(m, "ceil_mode"), "VALID rounds as the formula of the standard does, without ceil_mode"),
    ("AveragePool", lambda m: has(m, "auto_pad") and (has(m, "ceil_mode") or has(m, "dilations")), "as MaxPool"),
    ("ConvTranspose", lambda m: has(m, "auto_pad"), "SAME_* is in * stride also where the kernel is smaller than the stride"),
    ("ReduceLogSumExp", is_whole, "of integers: ONNX Runtime rounds inside, we only the result; of none there is no integer"),
    ("ReduceLogSum", lambda m: smallest(m) == 0 and is_whole(m), "the logarithm of an empty sum has no integer"),
)


class Ours:
    """The long-lived C program; started again after a crash."""

    def __init__(self, program, folder):
        self.program, self.folder, self.child = program, Path(folder), None

    def run(self, model, feeds, np):
        """(outputs by name, None) or (None, reason)."""
        from compare_ort import read_outputs
        paths = [str(self.folder / n) for n in ("model.onnx", "data.npz", "out.bin")]
        Path(paths[0]).write_bytes(model.SerializeToString())
        np.savez(paths[1], **{k: a[None] for k, a in feeds.items()})
        if not self.child:
            self.child = subprocess.Popen([self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            self.child.stdin.write("\t".join(paths) + "\n")
            self.child.stdin.flush()
            answer = self.child.stdout.readline().strip()
        except BrokenPipeError:
            answer = ""
        if not answer:
            status, self.child = self.child.wait(), None
            return None, "crash: status %d" % status
        return (dict(read_outputs(paths[2], np)), None) if answer == "ok" else (None, answer)


def peer(model, feeds, ort):
    """(outputs by name, None) or (None, reason)."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return dict(zip((y.name for y in session.get_outputs()), session.run(None, feeds))), None
    except Exception as refusal:  # noqa: BLE001  it raises what it likes
        return None, str(refusal)


def difference(got, want, tolerance, np):
    """None when they agree, else words."""
    if got.shape != want.shape or got.dtype != want.dtype:
        return "%s%s, not %s%s" % (got.dtype, got.shape, want.dtype, want.shape)
    if want.dtype.kind != "f":
        differ = got != want
        return "%d of %d differ: %s, not %s" % (differ.sum(), want.size, got[differ][:3], want[differ][:3]) if differ.any() else None
    if not np.array_equal(np.isnan(got), np.isnan(want)):
        return "NaN in other places"
    if want.dtype.itemsize == 2:
        tolerance = 4e-3
    with np.errstate(invalid="ignore", over="ignore"):
        off = np.where(got == want, 0, np.abs(got.astype("f8") - want.astype("f8")))
        finite = np.abs(want[np.isfinite(want)].astype("f8"))
    size = max(float(finite.max()) if finite.size else 0.0, 1.0)
    worst = float(np.nanmax(off)) if off.size else 0.0
    return "differs by %.3g of %.3g" % (worst, size) if worst > tolerance * size else None


class Judge:
    def __init__(self, args, np, ort, folder):
        self.np, self.ort, self.args = np, ort, args
        self.ours = Ours(args.run_cases, folder)

    def judge(self, m, outputs=None):
        """(verdict, words, what ONNX Runtime gave)"""
        model = m.model(outputs)
        want, refusal = peer(model, m.feeds, self.ort)
        if refusal:
            return "refused", refusal, None
        got, reason = self.ours.run(model, m.feeds, self.np)
        if reason:
            return ("skipped" if reason.startswith("unsupported") else "FAILED"), reason, want
        for name, array in want.items():
            if name not in got:
                return "FAILED", "no output " + name, want
            words = difference(got[name], array, m.tolerance, self.np)
            if words:
                kinds = {n.op_type for n in m.nodes}
                for kind, applies, why in EXCUSED:
                    if kind in kinds and applies(m):
                        return "excused", why, want
                if self.is_sensitive(m, model, got, want):
                    return "excused", "ill-conditioned: ONNX Runtime itself moves as much when its input does by half a unit", want
                if self.is_reference(m, model, got):
                    return "excused", "the reference implementation of the standard agrees with us", want
                return "FAILED", "%s %s" % (name, words), want
        return "same", "", want

    def is_sensitive(self, m, model, got, want):
        """Does ONNX Runtime differ from itself about as much when float inputs change in the last place?"""
        random = self.np.random.default_rng(0)
        moved = {k: (a * (1 + random.uniform(-1, 1, a.shape) * 2.0**-24)).astype(a.dtype) if a.dtype == "f4" else a
                 for k, a in m.feeds.items()}
        other, _ = peer(model, moved, self.ort)
        if not other or any(got[k].shape != a.shape or a.dtype.kind != "f" or not a.size for k, a in want.items()):
            return False
        return all(self.np.abs(got[k] - a).max() <= 8 * self.np.abs(other[k] - a).max() + m.tolerance * max(1, self.np.abs(a).max())
                   for k, a in want.items())

    def is_reference(self, m, model, got):
        """Does the onnx package's own evaluator give what we give?"""
        from onnx.reference import ReferenceEvaluator
        for node in model.graph.node:  # it knows the names of opset 20 only
            for attribute in node.attribute:
                if node.op_type == "GridSample" and attribute.s in (b"bicubic", b"bilinear"):
                    attribute.s = attribute.s[2:] if attribute.s == b"bicubic" else b"linear"
                    model.opset_import[0].version = 20
        try:
            with warnings.catch_warnings(), self.np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                want = ReferenceEvaluator(model).run(None, m.feeds)
        except Exception:  # noqa: BLE001  it does not know every operator
            return False
        return all(difference(got[y.name], self.np.asarray(w), m.tolerance, self.np) is None
                   for y, w in zip(model.graph.output, want))

    def smaller(self, index, name, m):
        """The same failure with less: fewer nodes first, then other cases of the same operator with smaller sizes."""
        from differential_cases import GENERATORS, make
        if len(m.nodes) > 1:
            for node in m.nodes:
                verdict, _, _ = self.judge(m, [node.output[0]])
                if verdict == "FAILED":
                    m.nodes = needed(m.nodes, node.output[0])
                    m.outputs = [node.output[0]]
                    used = {i for n in m.nodes for i in n.input}
                    m.feeds = {k: a for k, a in m.feeds.items() if k in used}
                    m.weights = [w for w in m.weights if w.name in used]
                    break
            return m
        kinds, best, size = [n.op_type for n in m.nodes], m, weight(m)
        for k in range(1, 61):
            _, other = make(index + len(GENERATORS) * k, self.args.seed, 2)
            if [n.op_type for n in other.nodes] == kinds and weight(other) < size and self.judge(other)[0] == "FAILED":
                best, size = other, weight(other)
        return best


def needed(nodes, output):
    """The nodes in front of a value, in order."""
    wanted, kept = {output}, []
    for node in reversed(nodes):
        if wanted & set(node.output):
            kept.insert(0, node)
            wanted |= set(node.input)
    return kept


def weight(m):
    return sum(a.size for a in m.feeds.values()) + sum(len(w.raw_data) // 4 for w in m.weights)


def keep(folder, name, m, want):
    """As the backend tests of ONNX lie: model.onnx, test_data_set_0/input_N.pb and output_N.pb."""
    from onnx import helper, numpy_helper
    data = Path(folder) / name / "test_data_set_0"
    data.mkdir(parents=True, exist_ok=True)
    model = m.model()
    for y in model.graph.output:  # readers that do not infer types want them said
        y.CopyFrom(helper.make_tensor_value_info(y.name, helper.np_dtype_to_tensor_dtype(want[y.name].dtype), want[y.name].shape))
    (data.parent / "model.onnx").write_bytes(model.SerializeToString())
    for i, (key, array) in enumerate(m.feeds.items()):
        (data / ("input_%d.pb" % i)).write_bytes(numpy_helper.from_array(array, key).SerializeToString())
    for i, y in enumerate(model.graph.output):
        (data / ("output_%d.pb" % i)).write_bytes(numpy_helper.from_array(want[y.name], y.name).SerializeToString())


def describe(m):
    return "; ".join("%s-%d(%s)" % (n.op_type, m.opset, ", ".join(
        ["%s%s" % (m.feeds[i].dtype, list(m.feeds[i].shape)) if i in m.feeds else
         next(("const%s" % list(w.dims) for w in m.weights if w.name == i), i or "-") for i in n.input])
        + ", ".join("")) + " " + " ".join("%s=%s" % (a.name, str(a).split("\n", 1)[1].replace("\n", " ")) for a in n.attribute) for n in m.nodes)[:600]


def run(args, np, ort):
    from differential_cases import GENERATORS, make
    counts, reasons = collections.Counter(), collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory() as folder:
        judge = Judge(args, np, ort, folder)
        for index in [args.only] if args.only is not None else range(args.cases):
            name, m = make(index, args.seed)
            verdict, words, want = judge.judge(m)
            counts[verdict] += 1
            if verdict != "same":
                reasons[verdict]["%s: %s" % ("+".join(sorted({n.op_type for n in m.nodes}))[:40] if len(m.nodes) < 3 else name,
                                             re.sub(r"'[^']*'|\(.*?\)|\d+", "_", words)[:150])] += 1
            if verdict == "FAILED":
                print("FAILED case %d (%s): %s" % (index, name, words), flush=True)
                small = judge.smaller(index, name, m)
                _, words, want = judge.judge(small)
                print("    small: %s\n           %s" % (words, describe(small)), flush=True)
                if args.keep and want:
                    keep(args.keep, "%s_%d" % (small.nodes[-1].op_type.lower(), index), small, want)
    for verdict in ("excused", "skipped") + (("refused",) if args.verbose else ()):
        for words, n in reasons[verdict].most_common():
            print("%s %d: %s" % (verdict, n, words))
    print("%d cases of %d generators, seed %d: %s" % (sum(counts.values()), len(set(GENERATORS)), args.seed,
                                                      ", ".join("%d %s" % (counts[k], k) for k in ("same", "refused", "skipped", "excused", "FAILED"))))
    return 1 if counts["FAILED"] or counts["same"] < args.least else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run-cases", required=True)
    parser.add_argument("--cases", type=int, default=4000)
    parser.add_argument("--least", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, default=None)
    parser.add_argument("--keep", default=None)
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    warnings.simplefilter("ignore")
    try:
        import numpy as np
        import onnx  # noqa: F401
        import onnxruntime as ort
    except ImportError as missing:
        print(missing, file=sys.stderr)
        return 77
    ort.set_default_logger_severity(4)
    return run(args, np, ort)


if __name__ == "__main__":
    sys.exit(main())
