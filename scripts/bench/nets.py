"""The networks that `make bench` measures, made from code: same shapes and operators as the real ones as PyTorch exports
them (batch normalizations folded), seeded weights (He-scaled: no activation dies, blows up or becomes denormal).

    nets.py FOLDER [NAME ...]     writes NAME-DIGEST.onnx and NAME-DIGEST.npz (samples); what is there stays
"""
import hashlib
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SAMPLES = 32  # of data per network, for the calibration benches
BERT_LAYERS, BERT_WIDTH, BERT_HEADS, BERT_WORDS, BERT_LENGTH = 12, 768, 12, 30522, 128


class Net:
    """A graph under construction; each method appends a node and returns the name of its output."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.weights, self.known = [], [], {}

    def op(self, kind, *inputs, **attributes):
        name = "%s_%d" % (kind, len(self.nodes))
        self.nodes.append(helper.make_node(kind, list(inputs), [name + "_out"], name=name, **attributes))
        return name + "_out"

    def ops(self, kind, n, *inputs, **attributes):
        """A node with n outputs."""
        name = "%s_%d" % (kind, len(self.nodes))
        outputs = ["%s_out%d" % (name, i) for i in range(n)]
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, name=name, **attributes))
        return outputs

    def weight(self, array, name=None):
        name = name or "weight_%d" % len(self.weights)
        self.weights.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def number(self, value, dtype=np.float32):
        """A constant, one initializer for all its uses."""
        key = (str(value), np.dtype(dtype).name)
        if key not in self.known:
            self.known[key] = self.weight(np.array(value, dtype))
        return self.known[key]

    def normal(self, *shape, scale=1.0):
        return self.weight((self.random.standard_normal(shape, np.float32) * np.float32(scale)).astype(np.float32))

    def conv(self, x, ci, co, k=1, stride=1, groups=1, gain=2.0, pad=None):
        pad = k // 2 if pad is None else pad
        w = self.normal(co, ci // groups, k, k, scale=np.sqrt(gain / (ci // groups * k * k)))
        b = self.normal(co, scale=0.05)
        return self.op("Conv", x, w, b, dilations=[1, 1], group=groups, kernel_shape=[k, k], pads=[pad] * 4,
                       strides=[stride] * 2)

    def dense(self, x, n_in, n_out):
        """torch.nn.Linear on a matrix."""
        w = self.normal(n_out, n_in, scale=np.sqrt(1 / n_in))
        return self.op("Gemm", x, w, self.normal(n_out, scale=0.05), alpha=1.0, beta=1.0, transB=1)

    def linear(self, x, n_in, n_out):
        """torch.nn.Linear on anything else."""
        w = self.normal(n_in, n_out, scale=np.sqrt(1 / n_in))
        return self.op("Add", self.normal(n_out, scale=0.05), self.op("MatMul", x, w))

    def model(self, name, inputs, outputs, opset=17):
        def values(rows):
            return [helper.make_tensor_value_info(n, t, s) for n, t, s in rows]
        for wanted, _, _ in outputs:
            assert any(wanted in node.output for node in self.nodes), wanted
        graph = helper.make_graph(self.nodes, name, values(inputs), values(outputs), self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8,
                                 producer_name="onnx-q", producer_version="bench")


def finish(net, x, name):
    """Give the value x its public name."""
    for node in net.nodes:
        node.output[:] = [name if o == x else o for o in node.output]
        node.input[:] = [name if i == x else i for i in node.input]
    return name


def images(seed, size):
    """Something like photographs: smooth, in channels of mean 0 and deviation 1."""
    random = np.random.default_rng(seed)
    coarse = random.standard_normal((SAMPLES, 3, size // 16, size // 16), np.float32)
    smooth = coarse.repeat(16, 2).repeat(16, 3) + 0.3 * random.standard_normal((SAMPLES, 3, size, size), np.float32)
    return smooth.astype(np.float32)


# ---------------------------------------------------------------- classifiers

def resnet50():
    net = Net(50)
    x = net.op("Relu", net.conv("data", 3, 64, 7, 2))
    x = net.op("MaxPool", x, kernel_shape=[3, 3], pads=[1] * 4, strides=[2, 2], ceil_mode=0, dilations=[1, 1])
    ci = 64
    for stage, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for block in range(blocks):
            stride = 2 if stage and block == 0 else 1
            y = net.op("Relu", net.conv(x, ci, width))
            y = net.op("Relu", net.conv(y, width, width, 3, stride))
            y = net.conv(y, width, 4 * width, gain=0.5)
            shortcut = net.conv(x, ci, 4 * width, stride=stride, gain=1.0) if block == 0 else x
            x, ci = net.op("Relu", net.op("Add", y, shortcut)), 4 * width
    x = net.op("Flatten", net.op("GlobalAveragePool", x), axis=1)
    finish(net, net.dense(x, 2048, 1000), "logits")
    model = net.model("resnet50", [("data", TensorProto.FLOAT, ["batch", 3, 224, 224])],
                      [("logits", TensorProto.FLOAT, ["batch", 1000])])
    return model, {"data": images(1, 224)}


def mobilenetv2():
    net = Net(2)
    low, high = net.number(0.0), net.number(6.0)

    def clipped(x):
        return net.op("Clip", x, low, high)

    x, ci = clipped(net.conv("data", 3, 32, 3, 2)), 32
    for expand, co, blocks, first in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                                      (6, 160, 3, 2), (6, 320, 1, 1)):
        for block in range(blocks):
            stride, wide = first if block == 0 else 1, ci * expand
            y = clipped(net.conv(x, ci, wide)) if expand > 1 else x
            y = clipped(net.conv(y, wide, wide, 3, stride, groups=wide))
            y = net.conv(y, wide, co, gain=1.0)
            x = net.op("Add", x, y) if stride == 1 and ci == co else y
            ci = co
    x = net.op("GlobalAveragePool", clipped(net.conv(x, 320, 1280)))
    finish(net, net.dense(net.op("Flatten", x, axis=1), 1280, 1000), "logits")
    model = net.model("mobilenetv2", [("data", TensorProto.FLOAT, ["batch", 3, 224, 224])],
                      [("logits", TensorProto.FLOAT, ["batch", 1000])])
    return model, {"data": images(2, 224)}


# ---------------------------------------------------------------- detector

def detector():
    """CSP blocks, SiLU as Sigmoid and Mul, a pyramid of pooled copies, two steps up and three heads, at 416 x 416."""
    net = Net(8)

    def silu(x):
        return net.op("Mul", x, net.op("Sigmoid", x))

    def block(x, ci, co, k=1, stride=1):
        return silu(net.conv(x, ci, co, k, stride))

    def csp(x, ci, co, repeats, with_shortcut=True):
        half = co // 2
        y = block(x, ci, half)
        for _ in range(repeats):
            z = block(block(y, half, half), half, half, 3)
            y = net.op("Add", y, z) if with_shortcut else z
        return block(net.op("Concat", y, block(x, ci, half), axis=1), co, co)

    def pooled(x, c):
        x = block(x, c, c // 2)
        parts = [x]
        for _ in range(3):
            parts.append(net.op("MaxPool", parts[-1], kernel_shape=[5, 5], pads=[2] * 4, strides=[1, 1]))
        return block(net.op("Concat", *parts, axis=1), 2 * c, c)

    def doubled(x):
        return net.op("Resize", x, "", net.weight(np.array([1, 1, 2, 2], np.float32)), mode="nearest",
                      coordinate_transformation_mode="asymmetric", nearest_mode="floor")

    def head(x, c, side):
        """[1, side * side, 85]: box, object and class, the last two through Sigmoid."""
        box = net.conv(block(block(x, c, 64), 64, 64, 3), 64, 4, gain=1.0)
        y = block(block(x, c, 64), 64, 64, 3)
        score = net.op("Sigmoid", net.conv(y, 64, 1, gain=1.0))
        kind = net.op("Sigmoid", net.conv(y, 64, 80, gain=1.0))
        y = net.op("Concat", box, score, kind, axis=1)
        y = net.op("Reshape", y, net.weight(np.array([1, 85, side * side], np.int64)))
        return net.op("Transpose", y, perm=[0, 2, 1])

    x = block(block("images", 3, 32, 3, 2), 32, 64, 3, 2)
    c3 = csp(block(csp(x, 64, 64, 1), 64, 128, 3, 2), 128, 128, 2)
    c4 = csp(block(c3, 128, 256, 3, 2), 256, 256, 2)
    c5 = pooled(csp(block(c4, 256, 512, 3, 2), 512, 512, 1), 512)
    top = block(c5, 512, 256)
    p4 = csp(net.op("Concat", doubled(top), c4, axis=1), 512, 256, 1, False)
    mid = block(p4, 256, 128)
    p3 = csp(net.op("Concat", doubled(mid), c3, axis=1), 256, 128, 1, False)
    n4 = csp(net.op("Concat", block(p3, 128, 128, 3, 2), mid, axis=1), 256, 256, 1, False)
    n5 = csp(net.op("Concat", block(n4, 256, 256, 3, 2), top, axis=1), 512, 512, 1, False)
    rows = net.op("Concat", head(p3, 128, 52), head(n4, 256, 26), head(n5, 512, 13), axis=1)
    finish(net, rows, "rows")
    model = net.model("detector", [("images", TensorProto.FLOAT, [1, 3, 416, 416])],
                      [("rows", TensorProto.FLOAT, [1, 3549, 85])])
    return model, {"images": images(3, 416)}


# ---------------------------------------------------------------- sequences

def bert():
    """BERT-base: heads split and joined by shapes computed in the graph, GELU as Erf, LayerNormalization a node."""
    net = Net(12)
    width, heads = BERT_WIDTH, BERT_HEADS
    each = width // heads

    def norm(x):
        scale = net.weight(1 + 0.1 * net.random.standard_normal(width).astype(np.float32))
        return net.op("LayerNormalization", x, scale, net.normal(width, scale=0.05), axis=-1, epsilon=1e-12)

    def size(x, axis):
        n = net.op("Gather", net.op("Shape", x), net.number(axis, np.int64), axis=0)
        return net.op("Unsqueeze", n, net.number([0], np.int64))

    def split(x, perm):
        shape = net.op("Concat", size(x, 0), size(x, 1), net.number([heads], np.int64), net.number([each], np.int64), axis=0)
        return net.op("Transpose", net.op("Reshape", x, shape), perm=perm)

    def gelu(x):
        y = net.op("Erf", net.op("Div", x, net.number(np.sqrt(2))))
        y = net.op("Mul", x, net.op("Add", y, net.number(1.0)))
        return net.op("Mul", y, net.number(0.5))

    words = net.op("Gather", net.normal(BERT_WORDS, width, scale=0.5), "input_ids", axis=0)
    kinds = net.op("Gather", net.normal(2, width, scale=0.2), "token_type_ids", axis=0)
    places = net.normal(1, 512, width, scale=0.2)
    places = net.op("Slice", places, net.number([0], np.int64), size("input_ids", 1), net.number([1], np.int64),
                    net.number([1], np.int64))
    x = norm(net.op("Add", net.op("Add", words, kinds), places))
    mask = net.op("Unsqueeze", net.op("Unsqueeze", "attention_mask", net.number([1], np.int64)), net.number([2], np.int64))
    mask = net.op("Sub", net.number(1.0), net.op("Cast", mask, to=TensorProto.FLOAT))
    mask = net.op("Mul", mask, net.number(np.finfo(np.float32).min))
    for _ in range(BERT_LAYERS):
        q, k, v = (net.linear(x, width, width) for _ in range(3))
        scores = net.op("MatMul", split(q, [0, 2, 1, 3]), split(k, [0, 2, 3, 1]))
        scores = net.op("Add", net.op("Div", scores, net.number(np.sqrt(each))), mask)
        y = net.op("MatMul", net.op("Softmax", scores, axis=-1), split(v, [0, 2, 1, 3]))
        y = net.op("Transpose", y, perm=[0, 2, 1, 3])
        y = net.op("Reshape", y, net.op("Concat", size(y, 0), size(y, 1), net.number([width], np.int64), axis=0))
        x = norm(net.op("Add", net.linear(y, width, width), x))
        x = norm(net.op("Add", net.linear(gelu(net.linear(x, width, 4 * width)), 4 * width, width), x))
    finish(net, x, "last_hidden_state")
    first = net.op("Gather", "last_hidden_state", net.number(0, np.int64), axis=1)
    finish(net, net.op("Tanh", net.dense(first, width, width)), "pooler_output")
    inputs = [(n, TensorProto.INT64, ["batch", "sequence"]) for n in ("input_ids", "attention_mask", "token_type_ids")]
    model = net.model("bert", inputs, [("last_hidden_state", TensorProto.FLOAT, ["batch", "sequence", width]),
                                       ("pooler_output", TensorProto.FLOAT, ["batch", width])])
    random = np.random.default_rng(4)
    shape = (SAMPLES, BERT_LENGTH)
    kind = (np.arange(BERT_LENGTH) >= BERT_LENGTH // 2).astype(np.int64)
    return model, {"input_ids": random.integers(0, BERT_WORDS, shape), "attention_mask": np.ones(shape, np.int64),
                   "token_type_ids": np.tile(kind, (SAMPLES, 1))}


def lstm():
    """Two LSTM layers over 100 steps and a dense layer on the last one."""
    net = Net(3)
    n_in, width, steps = 64, 256, 100
    x = net.op("Transpose", "features", perm=[1, 0, 2])
    for size in (n_in, width):
        w, r = (net.normal(1, 4 * width, n, scale=np.sqrt(1 / n)) for n in (size, width))
        y, _, _ = net.ops("LSTM", 3, x, w, r, net.normal(1, 8 * width, scale=0.05), hidden_size=width)
        x = net.op("Squeeze", y, net.number([1], np.int64))
    last = net.op("Gather", x, net.number(-1, np.int64), axis=0)
    finish(net, net.dense(last, width, 32), "classes")
    model = net.model("lstm", [("features", TensorProto.FLOAT, [1, steps, n_in])], [("classes", TensorProto.FLOAT, [1, 32])])
    data = np.random.default_rng(5).standard_normal((SAMPLES, steps, n_in)).astype(np.float32)
    return model, {"features": data}


NETS = {"resnet50": resnet50, "mobilenetv2": mobilenetv2, "bert": bert, "detector": detector, "lstm": lstm}


def built(folder, name):
    """Paths of the model and its samples in folder, made when this file or NumPy has changed."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(Path(__file__).read_bytes() + np.__version__.encode()).hexdigest()[:12]
    model_path, data_path = folder / ("%s-%s.onnx" % (name, digest)), folder / ("%s-%s.npz" % (name, digest))
    if not (model_path.exists() and data_path.exists()):
        for old in folder.glob(name + "-*"):
            old.unlink()
        model, data = NETS[name]()
        onnx.checker.check_model(model, full_check=True)
        np.savez(data_path, **data)
        onnx.save(model, model_path)
    return model_path, data_path


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for name in sys.argv[2:] or NETS:
        print(*built(sys.argv[1], name))


if __name__ == "__main__":
    main()
