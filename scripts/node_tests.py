#!/usr/bin/env python3
"""Write the node tests of the installed onnx package as folders: NAME/model.onnx, NAME/test_data_set_0/*.pb.

    node_tests.py OUT

OUT appears by rename when it is complete, and is left alone when it is there and up to date (OUT/VERSION names the
onnx version and this script's digest). The same version gives the same bytes. The data folders that the package
carries (simple, pytorch-converted, pytorch-operator) are linked into OUT. Exit status 77: no onnx package.
"""
import hashlib
import importlib.metadata
import json
import os
import shutil
import sys
import warnings

STANDARD = (1e-3, 1e-7)


def version():
    """What OUT depends on; None without the package."""
    try:
        onnx_version = importlib.metadata.version("onnx")
        importlib.metadata.version("numpy")
    except importlib.metadata.PackageNotFoundError:
        return None
    with open(__file__, "rb") as script:
        return f"{onnx_version} {hashlib.sha256(script.read()).hexdigest()[:16]}\n"


def encode(value, info):
    """One input or output as the message its declared type asks for."""
    from onnx import TensorProto, numpy_helper

    kind = info.type.WhichOneof("value")
    if kind == "sequence_type":
        return numpy_helper.from_list(value, info.name)
    if kind == "optional_type":
        return numpy_helper.from_optional(value, info.name)
    if kind == "map_type":
        return numpy_helper.from_dict(value, info.name)
    return value if isinstance(value, TensorProto) else numpy_helper.from_array(value, info.name)


def write_case(case, folder):
    os.makedirs(folder)
    with open(os.path.join(folder, "model.onnx"), "wb") as out:
        out.write(case.model.SerializeToString(deterministic=True))
    if (case.rtol, case.atol) != STANDARD:
        with open(os.path.join(folder, "data.json"), "w") as out:
            json.dump({"rtol": case.rtol, "atol": case.atol}, out)
    for i, (inputs, outputs) in enumerate(case.data_sets):
        data = os.path.join(folder, f"test_data_set_{i}")
        os.makedirs(data)
        for stem, values, infos in (("input", inputs, case.model.graph.input), ("output", outputs, case.model.graph.output)):
            for j, value in enumerate(values):
                with open(os.path.join(data, f"{stem}_{j}.pb"), "wb") as out:
                    out.write(encode(value, infos[j]).SerializeToString(deterministic=True))


def write_all(out):
    import numpy

    numpy.random.seed(0)
    from onnx.backend.test import loader

    for case in loader.load_node_model_tests():
        write_case(case, os.path.join(out, "node", case.name))
    for kind in ("simple", "pytorch-converted", "pytorch-operator"):
        source = os.path.join(loader.DATA_DIR, kind)
        if os.path.isdir(source):
            os.symlink(source, os.path.join(out, kind))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    out, stamp = sys.argv[1], version()
    if stamp is None:
        print("the onnx package for Python is not installed", file=sys.stderr)
        sys.exit(77)
    try:
        with open(os.path.join(out, "VERSION")) as old:
            if old.read() == stamp:
                return
    except OSError:
        pass
    warnings.simplefilter("ignore")
    fresh = out + ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    write_all(fresh)
    with open(os.path.join(fresh, "VERSION"), "w") as new:
        new.write(stamp)
    shutil.rmtree(out, ignore_errors=True)
    os.rename(fresh, out)


if __name__ == "__main__":
    main()
