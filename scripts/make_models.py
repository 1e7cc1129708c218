#!/usr/bin/env python3
"""Make everything in models/ again and write the tables of models/README.md.

    make_models.py [--seed FOLDER] [--out FOLDER]

Trains the networks (train_digits.py, train_rows.py, train_chars.py; about a minute) and takes the two networks of the
seed from --seed (default: ../shared/seed beside the source tree; without that folder they stay as they are).  Needs
numpy, scipy, scikit-learn, onnx and onnxruntime.  The same numpy on the same kind of processor gives the same bytes.
"""

import argparse
import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEED_IMAGES = 128
# model, calibration, evaluation, what the outputs are held against, metric of check_models.py
MODELS = (
    ("digits_cnn.onnx", "digits_calib.npz", "digits_eval.npz", "digits_labels.npy", "top-1 %"),
    ("tiny_transformer.onnx", "chars_calib.npz", "chars_eval.npz", "chars_labels.npy", "top-1 %"),
    ("tiny_lstm.onnx", "rows_calib.npz", "rows_eval.npz", "rows_labels.npy", "top-1 %"),
    ("tiny_gru.onnx", "rows_calib.npz", "rows_eval.npz", "rows_labels.npy", "top-1 %"),
    ("seed_multiple_ops.onnx", "seed_calib.npz", "seed_eval.npz", "seed_multiple_ops_ref.npy", "largest error"),
    ("seed_noavgpool.onnx", "seed_calib.npz", "seed_eval.npz", "seed_noavgpool_ref.npy", "largest error"),
)


def take_seed(seed, out):
    """Calibration samples of two images: seed_noavgpool makes a row of two images and cannot run on one.

    Both networks mix the images of a batch, so PyTorch's output for ten images can only be compared as a whole: the
    ten are one sample.
    """
    import numpy as np
    from model_files import save_npy, save_npz
    for name, stem in (("multiple_ops", "s2_multiple_ops_seed67"), ("noavgpool", "s3_noavgpool_seed67")):
        (out / ("seed_%s.onnx" % name)).write_bytes((seed / "models" / (stem + ".bn-op13.onnx")).read_bytes())
        save_npy(out / ("seed_%s_ref.npy" % name), np.load(seed / "data" / (stem + ".ref.npy"))[None])
    images = np.load(seed / "data" / "s2s3_seed67.calib.npy")[:SEED_IMAGES]
    save_npz(out / "seed_calib.npz", input=images.reshape(-1, 2, *images.shape[1:]))
    save_npz(out / "seed_eval.npz", input=np.load(seed / "data" / "s2s3_seed67.eval.npy")[None])


def parameters(path):
    """Elements of the float initializers, scalars left out."""
    import numpy as np
    import onnx
    return sum(int(np.prod(t.dims)) for t in onnx.load(path).graph.initializer
               if t.dims and t.data_type == onnx.TensorProto.FLOAT)


def tables(out):
    from check_models import as_stated, measure
    lines = ["| model | float weights | calibration | evaluation | held against | metric | value |",
             "|---|---|---|---|---|---|---|"]
    for row in MODELS:
        value = measure(out, *row)
        if not as_stated(row[4], value, value):
            raise SystemExit("%s: %s is %g, which no table should state" % (row[0], row[4], value))
        lines.append("| %s | %d | %s | %s | %s | %s | %s |" % (
            row[0], parameters(out / row[0]), row[1], row[2], row[3], row[4],
            "%.2f" % value if row[4] == "top-1 %" else "%.1g" % value))
    lines += ["", "| file | bytes | sha256 |", "|---|---|---|"]
    for path in sorted(p for p in out.iterdir() if p.suffix in (".onnx", ".npz", ".npy")):
        data = path.read_bytes()
        lines.append("| %s | %d | %s |" % (path.name, len(data), hashlib.sha256(data).hexdigest()))
    return "\n".join(lines)


def write_tables(readme, text):
    begin, end = "<!-- tables: written by scripts/make_models.py -->\n", "\n<!-- end of tables -->"
    page = readme.read_text()
    head, rest = page.split(begin)
    readme.write_text(head + begin + text + end + rest.split(end)[1])


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=Path, default=ROOT.parent / "shared" / "seed")
    options.add_argument("--out", type=Path, default=ROOT / "models")
    args = options.parse_args()
    for script in ("train_digits.py", "train_rows.py", "train_chars.py"):
        subprocess.run([sys.executable, str(ROOT / "scripts" / script), str(args.out)], check=True)
    if args.seed.is_dir():
        take_seed(args.seed, args.out)
    else:
        print("make_models.py: no folder %s: the seed's files stay as they are" % args.seed, file=sys.stderr)
    if (args.out / "README.md").exists():
        write_tables(args.out / "README.md", tables(args.out))
    else:
        print(tables(args.out))


if __name__ == "__main__":
    main()
