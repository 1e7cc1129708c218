"""The comparison behind inferred_types.t."""

import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime

NAMES = {"float32": "float", "float64": "double", "bool": "bool"}
FEEDS = {1: np.float32, 6: np.int32, 7: np.int64, 9: np.bool_, 11: np.float64}


def computed(model, size):
    """Every value of the main graph as ONNX Runtime computes it, and the symbols of the inputs."""
    names = [o for n in model.graph.node for o in n.output if o]
    tensors = []
    for name in names:  # sequences cannot be told apart beforehand: outputs are asked for one type at a time
        tensors.append(onnx.helper.make_empty_tensor_value_info(name))
    del model.graph.output[:]
    model.graph.output.extend(tensors)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    constants = {i.name for i in model.graph.initializer}
    rng, symbols, feeds = np.random.default_rng(0), {}, {}
    for value in model.graph.input:
        if value.name in constants:
            continue
        shape = []
        for i, dim in enumerate(value.type.tensor_type.shape.dim):
            number = dim.dim_value if dim.HasField("dim_value") and dim.dim_value > 0 else (size if i else 2)
            if dim.HasField("dim_param"):
                number = symbols.setdefault(dim.dim_param, number)
            shape.append(number)
        dtype = FEEDS[value.type.tensor_type.elem_type]
        feeds[value.name] = rng.integers(0, 2, shape).astype(dtype) + (dtype(0.5) if dtype == np.float32 else 0)
        feeds[value.name] = feeds[value.name].astype(dtype)
    return dict(zip(names, session.run(names, feeds))), symbols


def contradicts(line, values, symbols):
    name, dtype, shape = line.split("\t")
    array = values.get(name)
    if not isinstance(array, np.ndarray):
        return ""
    wanted = NAMES.get(array.dtype.name, array.dtype.name)
    if dtype not in ("undefined", wanted):
        return f"{name}: {dtype}, computed {wanted}"
    if shape == "[?]":
        return ""
    dims = [d for d in shape[1:-1].split(",") if d]
    if len(dims) != array.ndim:
        return f"{name}: {shape}, computed {array.shape}"
    for dim, number in zip(dims, array.shape):
        told = int(dim) if dim.lstrip("-").isdigit() else symbols.get(dim, number)
        if told != number:
            return f"{name}: {shape}, computed {array.shape} with {symbols}"
    return ""


def check(number, lift, path):
    name = os.path.basename(path)
    done = subprocess.run([lift, "--types", path], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"not ok {number} - {name}\n# {done.stderr.strip()}")
        return False
    for size in (64, 1, 14, 16, 28, 32):
        try:
            values, symbols = computed(onnx.load(path), size)
            break
        except Exception as refusal:  # noqa: BLE001 - any refusal counts
            reason = str(refusal).replace("\n", " ")[:200]
    else:
        print(f"ok {number} # SKIP {name}: ONNX Runtime does not run it with all values as outputs: {reason}")
        return True
    lines = done.stdout.splitlines()
    faults = [f for f in (contradicts(line, values, symbols) for line in lines) if f]
    known = sum("?" not in line.split("\t")[2] for line in lines)
    print(f"{'not ok' if faults else 'ok'} {number} - {name}: {known} of {len(lines)} shapes known, none wrong")
    for fault in faults[:20]:
        print(f"# {fault}")
    return not faults


def main():
    lift, models = sys.argv[1], sys.argv[2:]
    print(f"1..{len(models)}", flush=True)
    results = [check(i + 1, lift, m) for i, m in enumerate(models)]
    return 0 if all(results) else 1


sys.exit(main())
