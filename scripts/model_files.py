"""Write what the training scripts make: ONNX files, npz files and labels, the same bytes for the same numbers."""

import io
import zipfile

import numpy as np
import onnx
from onnx import helper, numpy_helper


def constant(name, array):
    return numpy_helper.from_array(np.ascontiguousarray(array), name)


def save_model(path, graph, opset, doc):
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8,
                              producer_name="onnx-q", producer_version="models", doc_string=doc)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))
    return model


def save_npz(path, **arrays):
    """np.savez_compressed with a fixed date, so that the file can be compared."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            data = io.BytesIO()
            np.lib.format.write_array(data, np.ascontiguousarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(name + ".npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data.getvalue())


def save_npy(path, array):
    with open(path, "wb") as file:
        np.lib.format.write_array(file, np.ascontiguousarray(array), allow_pickle=False)


def run_ort(path, feeds):
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def must_agree(path, feeds, expected, limit=1e-5):
    """The exported file, run by ONNX Runtime, gives what the trained network gave (largest difference to scale)."""
    got = run_ort(path, feeds)[0]
    worst = float(np.abs(got - expected).max() / max(1.0, np.abs(expected).max()))
    if got.shape != expected.shape or worst > limit:
        raise SystemExit("%s: ONNX Runtime and the training code differ by %g" % (path, worst))
    return got
