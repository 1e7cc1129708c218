"""The cases behind raise_opset.t: one small model per rewritten operator and opset, run before and after."""

import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

F, D, H, I64 = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.INT64
NUMPY = {F: np.float32, D: np.float64, H: np.float16, I64: np.int64}
LIFT = sys.argv[1]
results = []


def report(passed, name, detail="", skip=""):
    results.append(passed)
    mark = f" # SKIP {skip}" if skip else ""
    print(f"{'ok' if passed else 'not ok'} {len(results)} - {name}{mark}")
    if detail and not passed:
        print("# " + str(detail).replace("\n", "\n# "))


def model_of(opset, nodes, inputs, outputs, constants=None, ir=3):
    """inputs, outputs: name -> (type, shape or None). IR 3 lists initializers among the inputs."""
    tensors = [numpy_helper.from_array(np.asarray(a), n) for n, a in (constants or {}).items()]
    values = [helper.make_tensor_value_info(n, t, s) for n, (t, s) in inputs.items()]
    if ir < 4:
        values += [helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in tensors]
    results_ = [helper.make_tensor_value_info(n, t, s) for n, (t, s) in outputs.items()]
    graph = helper.make_graph(nodes, "g", values, results_, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = ir
    return model


def run(path, feeds):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]).run(None, feeds)


def lift(model, folder):
    before, after = os.path.join(folder, "before.onnx"), os.path.join(folder, "after.onnx")
    onnx.save(model, before)
    done = subprocess.run([LIFT, before, after], capture_output=True, text=True, check=False)
    return before, after, done


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def feeds_for(inputs, concrete):
    rng = np.random.default_rng(3)
    made = {}
    for name, (dtype, shape) in inputs.items():
        if name in concrete and isinstance(concrete[name], np.ndarray):
            made[name] = concrete[name]
            continue
        shape = concrete.get(name, [d if isinstance(d, int) else 2 for d in shape or []])
        if dtype == I64:
            made[name] = rng.integers(0, 2, shape).astype(np.int64)
        else:
            made[name] = (rng.standard_normal(shape) * 3).astype(NUMPY[dtype])
    return made


def declare_outputs(model, arrays):
    """onnx.checker wants a rank; the sizes stay open, so that the lift cannot lean on them."""
    for value, array in zip(model.graph.output, arrays):
        value.type.tensor_type.shape.CopyFrom(onnx.TensorShapeProto())
        for _ in array.shape:
            value.type.tensor_type.shape.dim.add()


def fault_of(model, expect):
    """What is wrong with the form of the lifted model; empty when nothing is."""
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as fault:  # noqa: BLE001 - any refusal counts
        return f"onnx.checker: {fault}"
    if model.opset_import[0].version != 13 or model.ir_version < 7:
        return f"opset {model.opset_import[0].version}, IR {model.ir_version}"
    return "" if not expect or expect(model) else onnx.printer.to_text(model.graph)


def check(name, model, inputs, concrete=None, expect=None):
    """Lift, compare, and let expect (a function of the lifted model) look at the structure."""
    feeds = feeds_for(inputs, concrete or {})
    try:
        wanted = run(model.SerializeToString(), feeds)
    except Exception as fault:  # noqa: BLE001 - any refusal counts
        reason = str(fault)[:80].replace("\n", " ")
        report(True, name, skip=f"ONNX Runtime does not run the original: {reason}")
        return
    declare_outputs(model, wanted)
    with tempfile.TemporaryDirectory() as folder:
        _, after, done = lift(model, folder)
        fault = done.stderr if done.returncode else fault_of(onnx.load(after), expect)
        if fault:
            report(False, name, fault)
            return
        got = run(after, feeds)
    bad = [i for i, (a, b) in enumerate(zip(wanted, got)) if not same(a, b)]
    report(not bad, name, f"{[wanted[i] for i in bad]}\n{[got[i] for i in bad]}")


def refused(name, model, word):
    with tempfile.TemporaryDirectory() as folder:
        _, after, done = lift(model, folder)
        ok = done.returncode != 0 and word in done.stderr and not os.path.exists(after)
        report(ok, name, done.stderr or "it was accepted")


def one(op, opset, shape, attrs=None, dtype=F, n_outputs=1, constants=None, extra=(), declared=None, **kw):
    """A model of one node that reads x (and constants), its outputs declared without shape."""
    outs = [f"y{i}" for i in range(n_outputs)]
    out_types = kw.pop("out_types", [dtype] * n_outputs)
    inputs = {"x": (dtype, declared or shape)}
    node = helper.make_node(op, ["x", *(constants or {}), *extra], outs, **(attrs or {}))
    outputs = {o: (t, None) for o, t in zip(outs, out_types)}
    # behind an Identity, so that the node's own output is an inner value
    nodes = [node] + [helper.make_node("Identity", [o], [o + "_out"]) for o in outs]
    outputs = {o + "_out": t for o, t in outputs.items()}
    return model_of(opset, nodes, inputs, outputs, constants), inputs


def simple(name, *args, expect=None, concrete=None, **kw):
    model, inputs = one(*args, **kw)
    check(name, model, inputs, concrete, expect)


def has(*types):
    return lambda m: all(any(n.op_type == t for n in m.graph.node) for t in types)


def lacks(*types):
    return lambda m: not any(n.op_type in types for n in m.graph.node)


# ---- the changelog


def test_changelog():
    known = {}
    for line in subprocess.run([LIFT, "--list"], capture_output=True, text=True, check=True).stdout.splitlines():
        kind, op = line.split()
        known[op] = kind
    versions = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain == "":
            versions.setdefault(schema.name, []).append(schema.since_version)
    changed = {n for n, v in versions.items() if min(v) < 13 and any(max(7, min(v)) < s <= 13 for s in v)}
    missing = sorted(changed - known.keys())
    extra = sorted(known.keys() - changed)
    report(not missing, "every operator that changed between opset 7 and 13 is accounted for", missing)
    report(not extra, "and no other is", extra)


# ---- attributes that became inputs


def test_axes():
    for opset in (7, 11):
        simple(f"Squeeze-{opset} with axes", "Squeeze", opset, [1, 3, 1, 2], {"axes": [2]})
        simple(f"Squeeze-{opset} without axes", "Squeeze", opset, [1, 3, 1, 2])
        simple(f"Unsqueeze-{opset}", "Unsqueeze", opset, [3, 2], {"axes": [0, 3]})
        simple(f"ReduceSum-{opset} over axes", "ReduceSum", opset, [2, 3, 4], {"axes": [0, 2]})
        simple(f"ReduceSum-{opset} over all, rank kept", "ReduceSum", opset, [2, 3], {"keepdims": 1})
        simple(f"ReduceSum-{opset} without keepdims", "ReduceSum", opset, [2, 3, 4], {"axes": [1], "keepdims": 0})
    simple("Squeeze-11 with a negative axis", "Squeeze", 11, [2, 3, 1], {"axes": [-1]})
    simple("Unsqueeze-11 with a negative axis", "Unsqueeze", 11, [2, 3], {"axes": [-1]})


def test_split():
    for opset in (7, 11):
        simple(f"Split-{opset} by sizes", "Split", opset, [6, 2], {"split": [1, 2, 3], "axis": 0}, n_outputs=3)
        simple(f"Split-{opset} in equal parts", "Split", opset, [2, 6], {"axis": 1}, n_outputs=3)


def test_slice():
    simple("Slice-7 with axes", "Slice", 7, [4, 5, 6], {"starts": [1, -3], "ends": [3, 1000], "axes": [0, 2]})
    simple("Slice-9 without axes", "Slice", 9, [4, 5], {"starts": [0, 1], "ends": [-1, 4]})
    constants = {"s": np.array([0, 1]), "e": np.array([4, 5]), "a": np.array([0, 1]), "t": np.array([2, 1])}
    simple("Slice-10 has its inputs", "Slice", 10, [4, 5], constants=constants)


def test_pad():
    simple("Pad-7 with zeros", "Pad", 7, [2, 3], {"pads": [0, 1, 1, 0]})
    simple("Pad-7 with a value", "Pad", 7, [2, 3], {"pads": [0, 1, 1, 2], "value": -1.5})
    simple("Pad-10 of doubles", "Pad", 10, [2, 3], {"pads": [1, 1, 1, 1], "value": 2.0}, dtype=D)
    simple("Pad-7, mode edge", "Pad", 7, [2, 3], {"pads": [0, 1, 0, 1], "mode": "edge"})
    simple("Pad-7, mode reflect, cutting", "Pad", 7, [4, 4], {"pads": [0, 2, 0, -1], "mode": "reflect"})


def test_topk_scatter():
    simple("TopK-7", "TopK", 7, [3, 5], {"k": 2, "axis": 1}, n_outputs=2, out_types=[F, I64])
    simple("TopK-10", "TopK", 10, [3, 5], n_outputs=2, out_types=[F, I64], constants={"k": np.array([2])})
    constants = {"i": np.array([[1, 0, 2]]), "u": np.array([[9, 8, 7]], np.float32)}
    simple("Scatter-9", "Scatter", 9, [3, 3], constants=constants, expect=has("ScatterElements"))
    simple("Scatter-9 on axis 1", "Scatter", 9, [3, 3], {"axis": 1}, constants=constants)


def test_clip():
    for opset in (7, 10):
        simple(f"Clip-{opset} with both bounds", "Clip", opset, [3, 7], {"min": -1.0, "max": 2.5})
        simple(f"Clip-{opset} from below", "Clip", opset, [3, 7], {"min": 0.0})
        simple(f"Clip-{opset} from above", "Clip", opset, [3, 7], {"max": 1.0})
    edge = np.array([-np.inf, -1, 0, np.inf, np.nan], np.float32)
    simple("Clip-7 without bounds, with infinities", "Clip", 7, [5], concrete={"x": edge})
    simple("Clip-11 has its inputs", "Clip", 11, [5], constants={"lo": np.float32(-1), "hi": np.float32(1)})


def test_dropout():
    for opset in (7, 10):
        simple(f"Dropout-{opset}", "Dropout", opset, [3, 4], {"ratio": 0.3})
    model, _ = one("Dropout", 7, [3, 4], n_outputs=2)
    refused("Dropout-7 whose mask is read is refused", model, "mask")


def test_batchnorm():
    rng = np.random.default_rng(1)
    constants = {n: rng.random(3).astype(np.float32) + 0.5 for n in "sbmv"}
    simple("BatchNormalization-7", "BatchNormalization", 7, [2, 3, 4, 4], {"epsilon": 1e-3}, constants=constants)
    simple("BatchNormalization-7, spatial", "BatchNormalization", 7, [2, 3, 4, 4], {"spatial": 1}, constants=constants)
    simple("BatchNormalization-7 over rows, not spatial", "BatchNormalization", 7, [2, 3], {"spatial": 0},
           constants=constants)
    big = {n: rng.random((3, 4, 4)).astype(np.float32) + 0.5 for n in "sbmv"}
    model, _ = one("BatchNormalization", 7, [2, 3, 4, 4], {"spatial": 0}, constants=big)
    refused("BatchNormalization-7 per element is refused", model, "spatial")


# ---- meaning that changed


def test_softmax():
    for op in ("Softmax", "LogSoftmax", "Hardmax"):
        for opset in (7, 11, 12):
            simple(f"{op}-{opset}, axis 1 of 4", op, opset, [2, 3, 4, 5], expect=has("Flatten", "Reshape"))
            simple(f"{op}-{opset}, last axis", op, opset, [2, 3, 4], {"axis": 2}, expect=lacks("Flatten"))
            simple(f"{op}-{opset}, rank 2", op, opset, [3, 6], expect=lacks("Flatten"))
            simple(f"{op}-{opset}, axis 0", op, opset, [3, 6], {"axis": 0}, expect=has("Flatten"))
        simple(f"{op}-11, negative axis", op, 11, [2, 3, 4], {"axis": -2}, expect=has("Flatten"))
        simple(f"{op}-11, axis -1", op, 11, [2, 3, 4], {"axis": -1}, expect=lacks("Flatten"))
        simple(f"{op}-7, ones behind the axis", op, 7, [2, 5, 1, 1], expect=lacks("Flatten"))
        simple(f"{op}-7, ones in front of it", op, 7, [2, 1, 1, 5], expect=lacks("Flatten"))
        simple(f"{op}-7, all ones", op, 7, [2, 1, 1], expect=lacks("Flatten"))
        simple(f"{op}-12, unknown batch", op, 12, [], declared=["N", 3, 4], expect=lacks("Shape"),
               concrete={"x": [2, 3, 4]})
        simple(f"{op}-12, two unknown sizes", op, 12, [], declared=["N", "T", 4], expect=has("Shape"),
               concrete={"x": [2, 3, 4]})


def test_resize():
    for mode in ("nearest", "linear"):
        for scale in (2.0, 1.7, 3.0):
            up = {"scales": [1.0, 1.0, scale, scale], "mode": mode}
            simple(f"Upsample-7, {mode} by {scale}", "Upsample", 7, [1, 2, 3, 4], up, expect=has("Resize"))
            constants = {"scales": np.array([1, 1, scale, scale], np.float32)}
            simple(f"Upsample-9, {mode} by {scale}", "Upsample", 9, [1, 2, 3, 4], {"mode": mode}, constants=constants)
        for scale in (0.5, 0.6, 2.0, 2.3):
            constants = {"scales": np.array([1, 1, scale, scale], np.float32)}
            simple(f"Resize-10, {mode} by {scale}", "Resize", 10, [1, 2, 6, 7], {"mode": mode}, constants=constants)
    model, _ = one("Resize", 10, [1, 2, 4, 4], constants={"s": np.array([1, 1, 2, 0.5], np.float32)})
    refused("Resize-10 up and down, nearest, is refused", model, "enlarges")
    constants = {"s": np.array([1, 1, 2, 0.5], np.float32)}
    simple("Resize-10 up and down, linear", "Resize", 10, [1, 2, 4, 4], {"mode": "linear"}, constants=constants)
    roi = {"roi": np.zeros(0, np.float32), "scales": np.array([1, 1, 2, 2], np.float32)}
    simple("Resize-11 stays", "Resize", 11, [1, 1, 2, 2], constants=roi)


# ---- operators that are equal, on the edges that could differ


def test_equal():
    rng = np.random.default_rng(2)
    w = rng.standard_normal((2, 3, 3, 3)).astype(np.float32)
    for pad in ("SAME_UPPER", "SAME_LOWER", "VALID"):
        attrs = {"auto_pad": pad, "strides": [2, 2]}
        simple(f"Conv-7, {pad}", "Conv", 7, [1, 3, 6, 6], attrs, constants={"w": w})
        simple(f"AveragePool-7, {pad}", "AveragePool", 7, [1, 3, 6, 6], {**attrs, "kernel_shape": [3, 3]})
        simple(f"MaxPool-8, {pad}", "MaxPool", 8, [1, 3, 6, 6], {**attrs, "kernel_shape": [3, 3]})
        simple(f"ConvTranspose-7, {pad}", "ConvTranspose", 7, [1, 2, 4, 4], attrs, constants={"w": w})
    attrs = {"output_shape": [8, 8], "strides": [2, 2]}
    simple("ConvTranspose-7, output_shape", "ConvTranspose", 7, [1, 2, 4, 4], attrs, constants={"w": w})
    constants = {"depth": np.array([3]), "values": np.array([0, 1], np.float32)}
    model, inputs = one("OneHot", 9, [4], dtype=I64, constants=constants, out_types=[F])
    check("OneHot-9", model, inputs)
    simple("DepthToSpace-7", "DepthToSpace", 7, [1, 8, 2, 2], {"blocksize": 2})
    simple("Flatten-7", "Flatten", 7, [2, 3, 4], {"axis": 2})
    simple("Gemm-7", "Gemm", 7, [2, 3], constants={"b": w[0, 0], "c": w[0, 0, 0]})
    simple("PRelu-7", "PRelu", 7, [2, 3], constants={"s": w[0, 0, 0]})
    simple("Max-7", "Max", 7, [3], constants={"b": w[0, 0, 0]})


# ---- models


def test_subgraph():
    branch = [
        helper.make_graph([helper.make_node("Squeeze", ["x"], ["a"], axes=[0])], "then", [],
                          [helper.make_tensor_value_info("a", F, [3])]),
        helper.make_graph([helper.make_node("Slice", ["z"], ["b"], starts=[0], ends=[3], axes=[0])], "else", [],
                          [helper.make_tensor_value_info("b", F, [3])]),
    ]
    nodes = [
        helper.make_node("Squeeze", ["y"], ["z"], axes=[0]),
        helper.make_node("If", ["cond"], ["out"], then_branch=branch[0], else_branch=branch[1]),
    ]
    for cond in (True, False):
        inputs = {"x": (F, [1, 3]), "y": (F, [1, 5])}
        # The condition comes from a constant: the comparison's feed has floats only.
        model = model_of(9, nodes, inputs, {"out": (F, [3])}, {"cond": np.array(cond)})
        check(f"nodes in the {'then' if cond else 'else'} branch are lifted", model, inputs)


def test_model():
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    model = model_of(13, nodes, {"x": (F, [2])}, {"y": (F, [2])}, ir=7)
    with tempfile.TemporaryDirectory() as folder:
        before, after, done = lift(model, folder)
        with open(before, "rb") as a, open(after, "rb") as b:
            report(done.returncode == 0 and a.read() == b.read(), "a model of opset 13 comes out as it went in")
    model, inputs = one("Gemm", 7, [2, 3], constants={"b": np.ones((3, 2), np.float32), "c": np.ones(2, np.float32)})
    check("initializers leave the inputs with IR 3", model, inputs, expect=lambda m: len(m.graph.input) == 1)
    scan = helper.make_graph(
        [helper.make_node("Identity", ["s"], ["t"]), helper.make_node("Identity", ["i"], ["o"])], "body",
        [helper.make_tensor_value_info(n, F, [2]) for n in "si"],
        [helper.make_tensor_value_info(n, F, [2]) for n in "to"])
    nodes = [helper.make_node("Scan", ["", "init", "x"], ["a", "b"], body=scan, num_scan_inputs=1)]
    inputs = {"init": (F, [1, 2]), "x": (F, [1, 3, 2])}
    model = model_of(8, nodes, inputs, {"a": (F, [1, 2]), "b": (F, [1, 3, 2])})
    refused("Scan-8 is refused by name", model, "Scan")


def main():
    for test in [v for k, v in globals().items() if k.startswith("test_")]:
        test()
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


sys.exit(main())
