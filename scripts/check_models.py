#!/usr/bin/env python3
"""Hold the files of models/ against the tables of models/README.md, and print the result as TAP.

    check_models.py [FOLDER]        default: models/ of this source tree

Every file: listed, size and SHA-256.  Every model: valid, and its measured figure as stated (a SKIP without onnx,
onnxruntime and numpy).  Together below 2 MB.
"""

import hashlib
import sys
from pathlib import Path

LIMIT = 2_000_000
DATA = (".onnx", ".npz", ".npy")


def measure(folder, model, calib, evaluation, reference, metric):
    """The figure of one model in ONNX Runtime; calibration data must fit the inputs too."""
    import numpy as np
    import onnx
    import onnxruntime as ort
    onnx.checker.check_model(str(folder / model), full_check=True)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(folder / model), options, providers=["CPUExecutionProvider"])
    rank = {i.name: len(i.shape) for i in session.get_inputs()}

    def outputs(file, limit=None):
        """Of each sample: a[i:i+1] where the array has the input's rank, a[i] where it has one axis more."""
        arrays = dict(np.load(folder / file))
        count = min(len(a) for a in arrays.values())
        return [session.run(None, {k: a[i:i + 1] if a.ndim == rank[k] else a[i] for k, a in arrays.items()})[0]
                for i in range(count if limit is None else min(count, limit))]

    outputs(calib, 2)
    got, want = np.stack(outputs(evaluation)), np.load(folder / reference)
    if metric == "top-1 %":
        return 100 * float((got.argmax(axis=-1).reshape(want.shape) == want).mean())
    return float(np.abs(got.reshape(want.shape) - want).max())


def as_stated(metric, value, stated):
    """A sample may fall to the other side on another machine; an error may only be a rounding error, whatever is stated."""
    return abs(value - stated) <= 0.3 if metric == "top-1 %" else value <= 1e-5


def read_tables(page):
    """Rows of models and rows of files, by the number of their columns."""
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")]
            for line in page.splitlines() if line.startswith("| ")]
    return ([r for r in rows if len(r) == 7 and r[0].endswith(".onnx")],
            [r for r in rows if len(r) == 3 and r[0].endswith(DATA)])


class Tap:
    def __init__(self):
        self.count, self.failed = 0, 0

    def line(self, passed, text, note=""):
        self.count += 1
        self.failed += not passed
        print("%sok %d - %s%s" % ("" if passed else "not ", self.count, text, note), flush=True)


def check_files(tap, folder, files):
    listed = {name: (int(size), digest) for name, size, digest in files}
    present = {p.name for p in folder.iterdir() if p.suffix in DATA}
    tap.line(bool(listed) and present == set(listed), "README.md lists exactly the files that are there")
    for name in sorted(present ^ set(listed)):
        print("# %s: %s" % (name, "not in the table" if name in present else "missing"))
    total = 0
    for name in sorted(present & set(listed)):
        data = (folder / name).read_bytes()
        total += len(data)
        tap.line((len(data), hashlib.sha256(data).hexdigest()) == listed[name], name + ": size and SHA-256 as stated")
    tap.line(total < LIMIT, "together %d bytes, below %d" % (total, LIMIT))


def check_figures(tap, folder, models):
    missing = []
    for module in ("numpy", "onnx", "onnxruntime"):
        try:
            __import__(module)
        except ImportError:
            missing.append(module)
    tap.line(bool(models), "README.md states a figure for %d models" % len(models))
    for model, _, calib, evaluation, reference, metric, stated in models:
        if missing:
            tap.line(True, model, " # SKIP no Python module " + missing[0])
            continue
        try:
            value = measure(folder, model, calib, evaluation, reference, metric)
        except Exception as error:                      # any fault of the file is a failed test, not a crash
            tap.line(False, "%s: %s" % (model, str(error).splitlines()[0]))
            continue
        tap.line(as_stated(metric, value, float(stated)), "%s: %s %.4g, stated %s" % (model, metric, value, stated))


def main():
    default = Path(__file__).resolve().parent.parent / "models"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    models, files = read_tables((folder / "README.md").read_text())
    tap = Tap()
    check_files(tap, folder, files)
    check_figures(tap, folder, models)
    print("1..%d" % tap.count)
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
