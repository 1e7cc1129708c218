"""The cases behind contrib.t: one node each, run by onnx-q and by ONNX Runtime."""

import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

PROGRAM = sys.argv[1]
ONLY = sys.argv[2:]
MS = "com.microsoft"
results = []
rng = np.random.default_rng(7)
F = np.float32


def floats(*shape, low=-1.0, high=1.0):
    return rng.uniform(low, high, shape).astype(F)


def report(passed, name, detail="", skip=""):
    results.append(passed)
    mark = f" # SKIP {skip}" if skip else ""
    print(f"{'ok' if passed else 'not ok'} {len(results)} - {name}{mark}")
    if detail and not passed:
        print("# " + str(detail).replace("\n", "\n# "))


def model_of(op, arrays, n_outputs, attributes, domain, opset):
    """arrays: inputs in order (None: left out). Those in `constants` of attributes become initializers."""
    constants = attributes.pop("constants", ())
    names = ["" if a is None else f"x{i}" for i, a in enumerate(arrays)]
    outputs = [f"y{i}" if i in n_outputs else "" for i in range(max(n_outputs) + 1)]
    node = helper.make_node(op, names, outputs, domain=domain, **attributes)
    inputs = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
        for i, (n, a) in enumerate(zip(names, arrays))
        if a is not None and i not in constants
    ]
    tensors = [onnx.numpy_helper.from_array(arrays[i], names[i]) for i in constants]
    values = [helper.make_empty_tensor_value_info(o) for o in outputs if o]
    graph = helper.make_graph([node], "g", inputs, values, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid(MS, 1)])
    model.ir_version = 8
    return model, {n: a for i, (n, a) in enumerate(zip(names, arrays)) if a is not None and i not in constants}


def by_peer(model, feeds):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return dict(zip([o.name for o in session.get_outputs()], session.run(None, feeds)))


def by_us(model, feeds, folder):
    path, data, out = (os.path.join(folder, n) for n in ("m.onnx", "in.npz", "out.npz"))
    onnx.save(model, path)
    np.savez(data, **{k: v[None] for k, v in feeds.items()})
    done = subprocess.run([PROGRAM, "run", path, "--input", data, "-o", out, "-q"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    with np.load(out) as found:
        return {k: found[k][0] for k in found.files}


def check(op, arrays, outputs=(0,), tolerance=2e-6, steps=0, domain=MS, opset=17, note="", **attributes):
    """tolerance: of the largest number; steps: of an integer result."""
    name = op + (f", {note}" if note else "")
    if ONLY and op not in ONLY:
        return
    model, feeds = model_of(op, arrays, outputs, dict(attributes), domain, opset)
    try:
        want = by_peer(model, feeds)
    except Exception as e:  # noqa: BLE001 - another version of the peer
        report(True, name, skip="ONNX Runtime does not run it: " + str(e).split("\n")[0][:120])
        return
    try:
        with tempfile.TemporaryDirectory() as folder:
            got = by_us(model, feeds, folder)
    except RuntimeError as e:
        report(False, name, e)
        return
    problems = []
    for key, a in want.items():
        b = got.get(key)
        if b is None or b.dtype != a.dtype or b.shape != a.shape:
            problems.append(f"{key}: {None if b is None else (b.dtype, b.shape)}, not {a.dtype, a.shape}")
            continue
        error = np.abs(a.astype(np.float64) - b.astype(np.float64)).max(initial=0)
        limit = steps if a.dtype.kind in "iu" else tolerance * max(1.0, np.abs(a).max(initial=0))
        if not error <= limit:
            problems.append(f"{key}: differs by {error:g}, more than {limit:g}")
    report(not problems, name, "\n".join(problems))


# ---- activations
x = floats(2, 5, 37, low=-4, high=4)
check("Gelu", [x])
check("BiasGelu", [x, floats(37)])
check("FastGelu", [x], tolerance=1e-5)
check("FastGelu", [x, floats(37)], tolerance=1e-5, note="with a bias")
check("QuickGelu", [x], tolerance=1e-5)
check("QuickGelu", [x], tolerance=1e-5, alpha=1.0, note="another slope")

# ---- normalizations
x, s, g, b = floats(2, 5, 24), floats(2, 5, 24), floats(24), floats(24)
check("SkipLayerNormalization", [x, s, g, b], epsilon=1e-5)
check("SkipLayerNormalization", [x, s, g, b, floats(24)], (0, 3), epsilon=1e-5, note="bias and sum")
check("SkipLayerNormalization", [x, floats(1, 5, 24), g, b], epsilon=1e-5, note="skip broadcast")
check("SkipSimplifiedLayerNormalization", [x, s, g], epsilon=1e-5)
check("SkipSimplifiedLayerNormalization", [x, s, g, floats(24)], (0, 3), epsilon=1e-5, note="bias and sum")
check("SimplifiedLayerNormalization", [x, g], domain="", epsilon=1e-5)
ids = rng.integers(0, 30, (2, 7)).astype(np.int32)
kinds = rng.integers(0, 2, (2, 7)).astype(np.int32)
tables = [floats(30, 16), floats(9, 16), floats(2, 16), floats(16), floats(16)]
mask = (np.arange(7)[None] < np.array([[7], [4]])).astype(np.int32)
check("EmbedLayerNormalization", [ids, kinds, *tables, mask], (0, 1))
check("EmbedLayerNormalization", [ids, None, tables[0], tables[1], None, tables[3], tables[4]], (0, 1), note="no segments")

# ---- fused
x, w = floats(2, 3, 8, 8), floats(4, 3, 3, 3)
for activation, parameters in (("Relu", []), ("Tanh", []), ("Sigmoid", []), ("LeakyRelu", [0.1]), ("Clip", [-0.5, 0.5]), ("HardSigmoid", [0.2, 0.4])):
    extra = {"activation_params": parameters} if parameters else {}
    check("FusedConv", [x, w, floats(4)], activation=activation, pads=[1, 1, 1, 1], note=activation, **extra)
check("FusedConv", [x, w, floats(4), floats(2, 4, 8, 8)], activation="Relu", pads=[1, 1, 1, 1], note="with a sum")
check("FusedGemm", [floats(3, 5), floats(5, 4), floats(4)], activation="Relu")
check("FusedGemm", [floats(5, 3), floats(4, 5), floats(4)], transA=1, transB=1, alpha=0.5, activation="LeakyRelu", activation_alpha=0.2, note="transposed")
check("FusedMatMul", [floats(2, 3, 5), floats(2, 5, 4)])
check("FusedMatMul", [floats(2, 5, 3), floats(2, 4, 5)], transA=1, transB=1, alpha=0.125, note="transposed and scaled")
check("FusedMatMul", [floats(2, 3, 5), floats(4, 5)], transB=1, note="a matrix for all")

# ---- attention
x, w, b = floats(2, 5, 16), floats(16, 48), floats(48)
full = np.array([[1] * 5, [1, 1, 1, 0, 0]], np.int32)
check("Attention", [x, w, b], num_heads=4)
check("Attention", [x, w, None, full], num_heads=4, note="a mask")
check("Attention", [x, w, b, np.array([5, 3], np.int32)], num_heads=4, note="lengths")
check("Attention", [x, w, b], num_heads=4, unidirectional=1, note="unidirectional")
check("Attention", [x, w, b, None, floats(2, 2, 4, 3, 4)], (0, 1), num_heads=4, note="with a past")
check("Attention", [x, w, b, None, None, floats(1, 4, 5, 5)], num_heads=4, scale=0.3, note="a bias and a scale")
check("Attention", [x, w, b, full, None, floats(2, 4, 5, 5)], num_heads=4, note="a mask and a bias")
check("Attention", [x, floats(16, 40), floats(40)], num_heads=4, qkv_hidden_sizes=[16, 16, 8], note="small values")
q, k, v = floats(2, 5, 16), floats(2, 7, 16), floats(2, 7, 16)
pad = np.array([[1] * 7, [1, 1, 1, 1, 0, 0, 0]], np.int32)
check("MultiHeadAttention", [q, k, v], num_heads=4)
check("MultiHeadAttention", [q, k, v, b], num_heads=4, note="a bias")
check("MultiHeadAttention", [q, k, v, None, pad], num_heads=4, note="padding")
check("MultiHeadAttention", [q, k, v, None, None, floats(1, 1, 5, 7)], num_heads=4, note="an attention bias")
check("MultiHeadAttention", [q, floats(2, 4, 7, 4), floats(2, 4, 7, 4)], num_heads=4, note="keys by head")
check("MultiHeadAttention", [q, floats(2, 5, 16), floats(2, 5, 16), None, None, None, floats(2, 4, 3, 4), floats(2, 4, 3, 4)], (0, 1, 2), num_heads=4, note="with a past")

# ---- integers
def codes(*shape, dtype=np.uint8):
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max + 1, shape).astype(dtype)


for dtype in (np.uint8, np.int8):
    zero = [dtype(z) for z in ((110, 130, 120) if dtype == np.uint8 else (-5, 3, 7))]
    a, b, note = codes(3, 4, 5, dtype=dtype), codes(4, 5, dtype=dtype), np.dtype(dtype).name
    for op, scale in (("QLinearAdd", 0.05), ("QLinearMul", 0.02)):
        check(op, [a, np.array(F(0.02)), np.array(zero[0]), b, np.array(F(0.03)), np.array(zero[1]), np.array(F(scale)), np.array(zero[2])], steps=1, note=note, constants=(1, 2, 4, 5, 6, 7))
    check("QLinearSigmoid", [a, np.array(F(0.05)), np.array(zero[0]), np.array(F(1 / 256)), np.array(dtype(0 if dtype == np.uint8 else -128))], steps=1, note=note, constants=(1, 2, 3, 4))
    check("QLinearLeakyRelu", [a, np.array(F(0.05)), np.array(zero[0]), np.array(F(0.04)), np.array(zero[1])], alpha=0.2, steps=1, note=note, constants=(1, 2, 3, 4))
    check("QLinearConcat", [np.array(F(0.04)), np.array(zero[2]), a, np.array(F(0.02)), np.array(zero[0]), a, np.array(F(0.05)), np.array(zero[1])], axis=1, steps=1, note=note, constants=(0, 1, 3, 4, 6, 7))
    image = codes(2, 3, 6, 6, dtype=dtype)
    check("QLinearAveragePool", [image, np.array(F(0.02)), np.array(zero[0]), np.array(F(0.015)), np.array(zero[1])], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], steps=1, note=note, constants=(1, 2, 3, 4))
    check("QLinearGlobalAveragePool", [image, np.array(F(0.02)), np.array(zero[0]), np.array(F(0.01)), np.array(zero[1])], steps=1, note=note, constants=(1, 2, 3, 4))
    check("MatMulIntegerToFloat", [codes(2, 3, 5), codes(5, 4, dtype=dtype), np.array(F(0.02)), np.array(F(0.03)), np.array(np.uint8(100)), np.array(zero[1]), floats(4)], note=note, constants=(1, 3, 5))
    check("DynamicQuantizeMatMul", [floats(2, 3, 5), codes(5, 4, dtype=dtype), np.array(F(0.03)), np.array(zero[1]), floats(4)], note=note, constants=(1, 2, 3))
check("MatMulIntegerToFloat", [codes(2, 3, 5), codes(5, 4, dtype=np.int8), np.array(F(0.02)), floats(4, low=0.01, high=0.02), np.array(np.uint8(100))], note="a scale per column", constants=(1, 3))
for dtype in (np.uint8, np.int8, np.uint16, np.int16):
    check("QuantizeLinear", [floats(3, 7), np.array(F(0.01)), np.array(dtype(3))], note=np.dtype(dtype).name)
    check("DequantizeLinear", [codes(3, 7, dtype=dtype), np.array(F(0.01)), np.array(dtype(3))], note=np.dtype(dtype).name)
print(f"1..{len(results)}")
sys.exit(0 if all(results) else 1)
