"""Random small models for scripts/differential.py: make(index) gives one, always the same for the same index.

A generator takes a Maker (random numbers, opset, a limit of sizes) and returns it filled with nodes. What it asks for may
be refused by both sides; that costs nothing but a case.
"""
import numpy as np
from onnx import TensorProto, ValueInfoProto, helper, numpy_helper

F4, F8, F2, I4, I8, U1, S1, B = (np.dtype(t) for t in ("f4", "f8", "f2", "i4", "i8", "u1", "i1", "?"))


class Maker:
    def __init__(self, seed, largest=5):
        self.r = np.random.default_rng(seed)
        self.largest = largest
        self.opset = int(self.r.choice([7, 8, 9, 10, 11, 12, 13, 13, 14, 15, 16, 17, 17, 18, 18, 19, 20, 21, 21]))
        self.nodes, self.feeds, self.weights, self.outputs = [], {}, [], []
        self.tolerance = 1e-4

    # ---- choices
    def pick(self, *options):
        return options[int(self.r.integers(len(options)))]

    def chance(self, p):
        return bool(self.r.random() < p)

    def whole(self, lo, hi):
        """lo..hi, both possible."""
        return int(self.r.integers(lo, hi + 1))

    def since(self, opset):
        """The operator is new in that opset."""
        self.opset = max(self.opset, opset)
        return self

    def shape(self, lo=0, hi=4, empty=0.05):
        return [0 if self.chance(empty) else self.whole(1, self.largest) for _ in range(self.whole(lo, hi))]

    def axis(self, rank):
        return self.whole(-rank, rank - 1) if rank else 0

    def axes(self, rank, least=0):
        chosen = [a for a in range(rank) if self.chance(0.5)][:rank] or ([self.whole(0, rank - 1)] if rank and least else [])
        return [int(a - rank if self.chance(0.4) else a) for a in self.r.permutation(chosen)]

    def broadcastable(self, shape):
        out = [1 if self.chance(0.3) else d for d in shape]
        return out[self.whole(0, len(out)):] if self.chance(0.3) else out

    # ---- data
    def floats(self, shape, dtype=F4, lo=None, hi=None):
        x = self.r.standard_normal(shape) * self.pick(0.5, 2.0) if lo is None else self.r.uniform(lo, hi, shape)
        return np.array(x, dtype)

    def numbers(self, shape, dtype):
        dtype = np.dtype(dtype)
        if dtype.kind == "f":
            return self.floats(shape, dtype)
        if dtype.kind == "b":
            return np.array(self.r.random(shape) < 0.5)
        return np.array(self.r.integers(0 if dtype.kind == "u" else -9, 10, shape), dtype)

    # ---- graph
    def value(self, array, constant=None):
        """A graph input or an initializer."""
        array = np.asarray(array)
        if constant is None:
            constant = self.chance(0.3)
        name = "v%d" % (len(self.feeds) + len(self.weights))
        if constant:
            self.weights.append(numpy_helper.from_array(array, name))
        else:
            self.feeds[name] = array
        return name

    def ints(self, values, constant=None):
        return self.value(np.array(values, np.int64), True if constant is None and self.chance(0.7) else constant)

    def add(self, kind, inputs, n_out=1, keep=True, **attributes):
        names = ["y%d_%d" % (len(self.nodes), i) for i in range(n_out)]
        attributes = {k: v for k, v in attributes.items() if v is not None}
        self.nodes.append(helper.make_node(kind, inputs, names, name="n%d" % len(self.nodes), **attributes))
        if keep:
            self.outputs += names
        return names[0] if n_out == 1 else names

    def model(self, outputs=None):
        def info(name, array):
            return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
        graph = helper.make_graph(self.nodes, "case", [info(n, a) for n, a in self.feeds.items()],
                                  [ValueInfoProto(name=n) for n in outputs or self.outputs], self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)],
                                 ir_version=min(10, 8 if self.opset < 19 else 9))


# ---------------------------------------------------------------- element by element

UNARY = {"Abs": 7, "Neg": 7, "Sqrt": 7, "Exp": 7, "Log": 7, "Erf": 9, "Relu": 7, "Sigmoid": 7, "Tanh": 7, "Floor": 7, "Ceil": 7,
         "Round": 11, "Reciprocal": 7, "Sin": 7, "Cos": 7, "Tan": 7, "Asin": 7, "Acos": 7, "Atan": 7, "Sinh": 9, "Cosh": 9,
         "Asinh": 9, "Acosh": 9, "Atanh": 9, "Sign": 9, "Softplus": 7, "Softsign": 7, "Identity": 7, "HardSwish": 14, "Mish": 18,
         "LeakyRelu": 7, "Elu": 7, "Selu": 7, "Celu": 12, "ThresholdedRelu": 10, "Shrink": 9, "HardSigmoid": 7, "Gelu": 20,
         "IsNaN": 9, "IsInf": 10, "Swish": 24}
ATTRIBUTES = {"LeakyRelu": ("alpha",), "Elu": ("alpha",), "Selu": ("alpha", "gamma"), "Celu": ("alpha",),
              "ThresholdedRelu": ("alpha",), "Shrink": ("bias", "lambd"), "HardSigmoid": ("alpha", "beta")}


def unary(m):
    kind = m.pick(*(k for k in UNARY if UNARY[k] <= 21))
    m.since(UNARY[kind])
    dtype = F4 if m.chance(0.7) else m.pick(F8, F2, I4, I8, S1)
    x = m.numbers(m.shape(), dtype)
    if kind in ("Sqrt", "Log"):
        x = np.abs(x)
    if kind in ("Asin", "Acos", "Atanh") and x.dtype.kind == "f":
        x = np.clip(x, -0.99, 0.99)
    if kind == "Acosh":
        x = np.abs(x) + np.asarray(1, x.dtype)
    if kind in ("IsNaN", "IsInf", "Relu", "Sign", "Round", "Sigmoid", "Tanh") and x.size and x.dtype.kind == "f" and m.chance(0.5):
        x.reshape(-1)[m.whole(0, x.size - 1)] = m.pick(np.nan, np.inf, -np.inf, -0.0)
    attributes = {a: float(np.float32(m.r.uniform(0.1, 2))) for a in ATTRIBUTES.get(kind, ()) if m.chance(0.7)}
    if kind == "Gelu":
        attributes["approximate"] = m.pick("none", "tanh")
    if kind == "IsInf" and m.chance(0.5):
        attributes.update(detect_negative=m.whole(0, 1), detect_positive=m.whole(0, 1))
    m.add(kind, [m.value(x)], **attributes)


def clip(m):
    dtype = F4 if m.opset < 12 or m.chance(0.6) else m.pick(I4, I8, S1, U1, F8, F2)
    x = m.numbers(m.shape(), dtype)
    low, high = sorted(float(v) for v in m.r.uniform(-3, 3, 2))
    if dtype.kind != "f":
        low, high = 1.0, 5.0
    if m.opset < 11:
        return m.add("Clip", [m.value(x)], **({"min": low} if m.chance(0.7) else {}), **({"max": high} if m.chance(0.7) else {}))
    inputs = [m.value(x), m.value(np.array(low, dtype)) if m.chance(0.7) else ""]
    return m.add("Clip", inputs + ([m.value(np.array(high, dtype))] if m.chance(0.7) else []))


BINARY = ("Add", "Sub", "Mul", "Div", "Pow", "PRelu", "Mod", "Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual", "And",
          "Or", "Xor", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor")


def binary(m):
    kind = m.pick(*BINARY)
    whole = m.shape()
    one, other = (whole, m.broadcastable(whole)) if m.chance(0.5) else (m.broadcastable(whole), whole)
    dtype = F4 if m.chance(0.55) else m.pick(F8, F2, I4, I8, U1, S1)
    attributes = {}
    if kind in ("And", "Or", "Xor"):
        dtype = B
    elif kind.startswith("Bitwise"):
        m.since(18)
        dtype = m.pick(I4, I8, U1, S1)
    elif kind == "BitShift":
        m.since(11)
        dtype = m.pick(U1, np.dtype("u4"), np.dtype("u8"))
        attributes["direction"] = m.pick("LEFT", "RIGHT")
    elif kind == "Mod":
        m.since(10)
        attributes["fmod"] = 1 if dtype.kind == "f" else m.whole(0, 1)
    elif kind.endswith("OrEqual"):
        m.since(12)
    a, b = m.numbers(one, dtype), m.numbers(other, dtype)
    if kind in ("Div", "Mod") and dtype.kind != "f":
        b = np.where(b == 0, 3, b).astype(dtype)
    if kind == "Mod" and dtype.kind == "f":
        b = np.where(np.abs(b) < 0.3, 0.7, b).astype(dtype)
    if kind == "Pow":
        a = np.abs(a)
        b = m.numbers(other, m.pick(F4, I4, I8)) if m.opset >= 12 and m.chance(0.4) else b
        b = np.clip(b, 0, 3)
    if kind == "PRelu":
        one, b = whole, m.numbers(m.broadcastable(whole), F4)
        a = m.numbers(whole, F4)
    m.add(kind, [m.value(a), m.value(b)], **attributes)


def variadic(m):
    kind = m.pick("Min", "Max", "Sum", "Mean")
    m.since(8)
    whole, dtype = m.shape(), F4
    if kind in ("Min", "Max") and m.opset >= 12 and m.chance(0.3):
        dtype = m.pick(I4, I8, F8, F2)
    m.add(kind, [m.value(m.numbers(m.broadcastable(whole), dtype)) for _ in range(m.whole(1, 4))])


def where(m):
    m.since(9)
    whole, dtype = m.shape(), m.pick(F4, F4, I4, I8, U1, F8)
    m.add("Where", [m.value(m.numbers(m.broadcastable(whole), t)) for t in (B, dtype, dtype)])


def logic(m):
    if m.chance(0.5):
        return m.add("Not", [m.value(m.numbers(m.shape(), B))])
    m.since(18)
    return m.add("BitwiseNot", [m.value(m.numbers(m.shape(), m.pick(I4, I8, U1, S1)))])


def cast(m):
    kinds = (F4, F8, F2, I4, I8, U1, S1, B)
    x = m.numbers(m.shape(), m.pick(*kinds))
    to = helper.np_dtype_to_tensor_dtype(m.pick(*kinds))
    if to == TensorProto.UINT8:
        x = np.abs(x)
    m.since(9)
    m.add("Cast", [m.value(x)], to=to)


# ---------------------------------------------------------------- reductions and rows

REDUCE = ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum",
          "ReduceLogSumExp", "ReduceSumSquare")


def reduce(m):
    kind = m.pick(*REDUCE)
    x = m.numbers(m.shape(empty=0.03), F4 if m.chance(0.7) else m.pick(F8, I4, I8))
    if kind == "ReduceLogSum":
        x = np.abs(x) + np.asarray(1, x.dtype)
    axes, attributes = m.axes(x.ndim), {"keepdims": m.whole(0, 1)}
    if m.opset >= (13 if kind == "ReduceSum" else 18):
        if m.chance(0.3):
            attributes["noop_with_empty_axes"] = m.whole(0, 1)
        inputs = [m.value(x)] + ([m.ints(axes)] if axes or m.chance(0.3) else [])
        return m.add(kind, inputs, **attributes)
    if m.opset < 11:
        axes = [a % x.ndim for a in axes]
    return m.add(kind, [m.value(x)], axes=axes or None, **attributes)


def arg(m):
    x = m.numbers(m.shape(1, 4, 0), m.pick(F4, F4, I4))
    select = m.whole(0, 1) if m.opset >= 12 and m.chance(0.5) else None
    axis = m.axis(x.ndim) if m.opset >= 11 else m.whole(0, x.ndim - 1)
    m.add(m.pick("ArgMax", "ArgMin"), [m.value(x)], axis=axis, keepdims=m.whole(0, 1), select_last_index=select)


def softmax(m):
    x = m.numbers(m.shape(1, 4), m.pick(F4, F4, F4, F8))
    m.add(m.pick("Softmax", "LogSoftmax", "Hardmax"), [m.value(x)], axis=m.axis(x.ndim) if m.opset >= 11 else m.whole(0, x.ndim - 1))


def cumsum(m):
    m.since(11)
    x = m.numbers(m.shape(1), m.pick(F4, F4, F8, I4, I8))
    m.add("CumSum", [m.value(x), m.value(np.array(m.axis(x.ndim), np.int64), True)], exclusive=m.whole(0, 1), reverse=m.whole(0, 1))


def topk(m):
    m.since(11)
    x = m.floats(m.shape(1, 4, 0))
    axis = m.axis(x.ndim)
    m.add("TopK", [m.value(x), m.ints([m.whole(0, x.shape[axis])])], 2, axis=axis, largest=m.whole(0, 1), sorted=1)


# ---------------------------------------------------------------- movers

def any_array(m, lo=0, hi=4, empty=0.05):
    return m.numbers(m.shape(lo, hi, empty), m.pick(F4, F4, F4, I8, I4, U1, B, F8))


def reshape(m):
    x = any_array(m)
    parts = [int(d) for d in m.r.permutation(x.shape)]
    while len(parts) > 1 and m.chance(0.4):
        parts = [parts[0] * parts[1], *parts[2:]]
    if x.size and m.chance(0.4):
        parts.insert(m.whole(0, len(parts)), 1)
    if x.size and parts and m.chance(0.4):
        parts[m.whole(0, len(parts) - 1)] = -1
    m.add("Reshape", [m.value(x), m.ints(parts)])


def flatten(m):
    x = any_array(m)
    m.add("Flatten", [m.value(x)], axis=m.whole(-x.ndim if m.opset >= 11 else 0, x.ndim))


def transpose(m):
    x = any_array(m, 0, 5)
    m.add("Transpose", [m.value(x)], perm=[int(p) for p in m.r.permutation(x.ndim)] if x.ndim and m.chance(0.8) else None)


def squeeze(m):
    x = any_array(m)
    if m.chance(0.5):
        ones = [i for i, d in enumerate(x.shape) if d == 1]
        axes = [a - x.ndim if m.opset >= 11 and m.chance(0.4) else a for a in ones if m.chance(0.7)]
        kind = "Squeeze"
    else:
        n = m.whole(1, 2)
        axes = [int(a) for a in m.r.choice(x.ndim + n, n, replace=False)]
        axes = [a - x.ndim - n if m.opset >= 11 and m.chance(0.4) else a for a in axes]
        kind = "Unsqueeze"
    if m.opset >= 13:
        return m.add(kind, [m.value(x)] + ([m.ints(axes)] if axes or kind == "Unsqueeze" else []))
    return m.add(kind, [m.value(x)], axes=axes or None)


def concat(m):
    base = m.shape(1, 4)
    axis, dtype = m.axis(len(base)), m.pick(F4, F4, I8, U1)
    arrays = []
    for _ in range(m.whole(1, 4)):
        dims = list(base)
        dims[axis] = m.whole(0, m.largest)
        arrays.append(m.value(m.numbers(dims, dtype)))
    m.add("Concat", arrays, axis=axis if m.opset >= 11 else axis % len(base))


def split(m):
    x = any_array(m, 1, 4, 0)
    axis = m.axis(x.ndim)
    n = m.whole(1, 3)
    sizes = [int(s) for s in np.diff([0, *sorted(m.r.integers(0, x.shape[axis] + 1, n - 1)), x.shape[axis]])]
    if m.opset < 11:
        axis %= x.ndim
    if m.opset < 13:
        return m.add("Split", [m.value(x)], n, axis=axis, split=sizes) if n > 1 else m.add("Split", [m.value(x)], axis=axis)
    if m.opset >= 18 and m.chance(0.4):
        return m.add("Split", [m.value(x)], n, axis=axis, num_outputs=n)
    return m.add("Split", [m.value(x), m.ints(sizes)], n, axis=axis)


def slice_(m):
    x = any_array(m, 1)
    axes = m.axes(x.ndim, 1)
    starts, ends = ([m.pick(m.whole(-7, 7), 0, -1, 100, -100) for _ in axes] for _ in range(2))
    if m.opset < 10:
        return m.add("Slice", [m.value(x)], axes=[a % x.ndim for a in axes], starts=starts, ends=ends)
    dtype = m.pick(np.int64, np.int32)
    rows = [starts, ends, axes, [m.pick(1, 1, 2, -1, -2, 3) for _ in axes]]
    return m.add("Slice", [m.value(x)] + [m.value(np.array(row, dtype), m.chance(0.7)) for row in rows[: 4 if m.chance(0.7) else 3]])


def gather(m):
    x = any_array(m, 1, 4, 0)
    axis = m.axis(x.ndim)
    low = -x.shape[axis] if m.opset >= 11 else 0
    if m.opset < 11:
        axis %= x.ndim
    where_ = np.array(m.r.integers(low, x.shape[axis], m.shape(0, 2)), m.pick(np.int64, np.int32))
    if m.chance(0.4) and m.since(11):
        dims = [m.whole(1, d) for d in x.shape]
        dims[axis] = m.whole(1, 4)
        where_ = np.array(m.r.integers(-x.shape[axis], x.shape[axis], dims), np.int64)
        return m.add("GatherElements", [m.value(x), m.value(where_)], axis=axis)
    return m.add("Gather", [m.value(x), m.value(where_)], axis=axis)


def gather_nd(m):
    m.since(12)
    x = any_array(m, 1, 4, 0)
    batch = m.whole(0, x.ndim - 1)
    depth = m.whole(1, x.ndim - batch)
    lead = list(x.shape[:batch]) + m.shape(0 if batch else 1, 2, 0)
    index = np.stack([m.r.integers(-d, d, lead) for d in x.shape[batch : batch + depth]], -1) if lead else \
        np.array([m.whole(-d, d - 1) for d in x.shape[:depth]])
    m.add("GatherND", [m.value(x), m.value(index.astype(np.int64))], batch_dims=batch or None)


def scatter(m):
    x = m.numbers(m.shape(1, 4, 0), m.pick(F4, F4, I8, I4))
    m.since(11)
    reduction = m.pick(None, "add", "mul") if m.opset >= 16 else None
    reduction = m.pick(reduction, "max", "min") if m.opset >= 18 else reduction
    if m.chance(0.5):
        axis = m.axis(x.ndim)
        dims = [m.whole(1, d) for d in x.shape]
        if reduction is None:  # the same place twice is nobody's business
            index = np.argsort(m.r.random([*dims[:axis % x.ndim], x.shape[axis], *dims[axis % x.ndim + 1:]]), axis)
            index = np.take(index, np.arange(dims[axis]), axis)
        else:
            index = m.r.integers(-x.shape[axis], x.shape[axis], dims)
        return m.add("ScatterElements", [m.value(x), m.value(index.astype(np.int64)), m.value(m.numbers(dims, x.dtype))], axis=axis,
                     reduction=reduction)
    depth = m.whole(1, x.ndim)
    places = np.stack(np.unravel_index(m.r.permutation(int(np.prod(x.shape[:depth])))[: m.whole(1, 5)], x.shape[:depth]), -1)
    return m.add("ScatterND", [m.value(x), m.value(places.astype(np.int64)),
                               m.value(m.numbers([len(places), *x.shape[depth:]], x.dtype))], reduction=reduction)


def pad(m):
    mode = m.pick("constant", "reflect", "edge", "wrap")
    if mode == "wrap":
        m.since(19)
    x = m.numbers(m.shape(1, 4, 0), m.pick(F4, F4, F8) if m.opset < 11 or m.chance(0.7) else m.pick(I4, I8, U1))
    low = -1 if mode == "constant" else 0
    pads = [m.whole(low, min(2, d - 1) if mode in ("reflect", "wrap") else 2) for d in (*x.shape, *x.shape)]
    if m.opset < 11:
        return m.add("Pad", [m.value(x)], mode=mode, pads=pads, value=0.5)
    inputs = [m.value(x), m.ints(pads)] + ([m.value(m.numbers([], x.dtype))] if m.chance(0.5) else [])
    return m.add("Pad", inputs, mode=mode)


def expand(m):
    whole = m.shape()
    if m.chance(0.5):
        m.since(8)
        return m.add("Expand", [m.value(m.numbers(m.broadcastable(whole), m.pick(F4, I8, B, U1))), m.ints(m.broadcastable(whole))])
    x = any_array(m, 1)
    return m.add("Tile", [m.value(x), m.ints([m.whole(0, 3) if m.chance(0.2) else m.whole(1, 3) for _ in x.shape])])


def shape_of(m):
    x = any_array(m)
    if m.opset >= 15 and m.chance(0.5):
        return m.add("Shape", [m.value(x)], start=m.whole(-5, 5), end=m.whole(-5, 5) if m.chance(0.7) else None)
    return m.add(m.pick("Shape", "Size"), [m.value(x)])


def made(m):
    choice = m.whole(0, 4)
    if choice == 0:
        m.since(9)
        return m.add("ConstantOfShape", [m.ints(m.shape())], value=numpy_helper.from_array(m.numbers([1], m.pick(F4, I8, B, I4))))
    if choice == 1:
        m.since(11)
        dtype = m.pick(F4, I8, I4)
        low, high, step = m.whole(-5, 5), m.whole(-5, 9), m.pick(1, 2, -1, 3)
        return m.add("Range", [m.value(np.array(v, dtype)) for v in (low, high, step)])
    if choice == 2:
        m.since(9)
        return m.add("EyeLike", [m.value(m.numbers(m.shape(2, 2), F4))], k=m.whole(-2, 2), dtype=m.pick(None, 1, 7, 6))
    if choice == 3:
        m.since(14)
        x = m.numbers(m.shape(2, 4), m.pick(F4, I8, F8))
        return m.add("Trilu", [m.value(x)] + ([m.value(np.array(m.whole(-3, 3), np.int64))] if m.chance(0.6) else []), upper=m.whole(0, 1))
    m.since(11)
    index = np.array(m.r.integers(-4, 6, m.shape(0, 3)), m.pick(np.int64, np.int32))
    return m.add("OneHot", [m.value(index), m.value(np.array(m.whole(1, 6), np.int64)), m.value(m.numbers([2], m.pick(F4, I8)))],
                 axis=m.whole(-index.ndim - 1, index.ndim))


def chosen(m):
    choice = m.whole(0, 4)
    if choice == 0:
        m.since(9)
        return m.add("NonZero", [m.value(any_array(m, 1))])
    if choice == 1:
        m.since(11)
        x = any_array(m, 1, 3, 0)
        axis = m.axis(x.ndim) if m.chance(0.7) else None
        n = x.size if axis is None else x.shape[axis]
        return m.add("Compress", [m.value(x), m.value(m.numbers([m.whole(1, n)], B))], axis=axis)
    if choice == 2:
        m.since(10)
        x = m.floats(m.shape(2, 4, 0))
        batch = m.whole(0, 1)
        lengths = m.r.integers(1, x.shape[1 - batch] + 1, x.shape[batch])
        return m.add("ReverseSequence", [m.value(x), m.value(lengths.astype(np.int64))], batch_axis=batch, time_axis=1 - batch)
    if choice == 3:
        m.since(11)
        x = m.numbers(m.shape(1, 3, 0), m.pick(I8, F4))
        return m.add("Unique", [m.value(x)], 4, axis=m.axis(x.ndim) if m.chance(0.5) else None, sorted=1)
    b = m.pick(2, 3)
    if m.chance(0.5):
        m.since(11)
        x = m.floats([m.whole(1, 2), b * b * m.whole(1, 3), m.whole(1, 4), m.whole(1, 4)])
        return m.add("DepthToSpace", [m.value(x)], blocksize=b, mode=m.pick("DCR", "CRD"))
    m.since(13)
    return m.add("SpaceToDepth", [m.value(m.floats([m.whole(1, 2), m.whole(1, 3), b * m.whole(1, 3), b * m.whole(1, 3)]))], blocksize=b)


# ---------------------------------------------------------------- matrices

def matmul(m):
    k, lead = m.whole(0 if m.chance(0.05) else 1, 3 * m.largest), m.shape(0, 2)
    a = [*m.broadcastable(lead), m.whole(1, 9), k] if m.chance(0.85) else [k]
    b = [*m.broadcastable(lead), k, m.whole(1, 40)] if m.chance(0.85) else [k]
    dtype = F4 if m.chance(0.8) else m.pick(F8, I4, I8)
    m.since(9)
    m.add("MatMul", [m.value(m.numbers(a, dtype)), m.value(m.numbers(b, dtype))])


def gemm(m):
    rows, k, columns, ta, tb = m.whole(1, 9), m.whole(1, 20), m.whole(1, 40), m.whole(0, 1), m.whole(0, 1)
    c = m.pick([rows, columns], [columns], [1, columns], [rows, 1], [1], [])
    inputs = [m.value(m.floats([k, rows] if ta else [rows, k])), m.value(m.floats([columns, k] if tb else [k, columns]))]
    if m.chance(0.7) or m.opset < 11:
        inputs.append(m.value(m.floats(c)))
    m.add("Gemm", inputs, transA=ta, transB=tb, alpha=m.pick(None, 0.5, 2.0), beta=m.pick(None, 0.5, 0.0))


def einsum(m):
    m.since(12)
    sizes = {c: m.whole(1, 4) for c in "abcdij"}
    text = m.pick("ij,jc->ic", "abi,abj->aij", "abij,abjc->abic", "ij->ji", "ij->i", "ij->", "ii->i", "i,j->ij", "abc,cd->abd",
                  "...ij,...jc->...ic", "aij,bij->ab", "ij,ij->ij", "abcd->dcba", "ab,ab->a")
    arrays = []
    for word in text.split("->", maxsplit=1)[0].split(","):
        arrays.append(m.value(m.floats([sizes[c] for c in word.replace("...", "ab")])))
    m.add("Einsum", arrays, equation=text)


def integer_matmul(m):
    m.since(10)
    k = m.whole(1, 20)
    a, b = m.pick(U1, S1), m.pick(U1, S1)
    inputs = [m.value(m.numbers([*m.shape(0, 1, 0), m.whole(1, 6), k], a)), m.value(m.numbers([k, m.whole(1, 20)], b))]
    m.add("MatMulInteger", inputs + ([m.value(m.numbers([], a)), m.value(m.numbers([], b))] if m.chance(0.6) else []))


def quantize(m):
    m.since(10)
    x = m.floats(m.shape(1, 4, 0)) * 3
    dtype = m.pick(U1, S1)
    if m.opset >= 13 and m.chance(0.5):
        axis = m.axis(x.ndim)
        scale, zero = m.r.uniform(0.01, 0.2, x.shape[axis]).astype(F4), m.numbers([x.shape[axis]], dtype)
    else:
        axis, scale, zero = None, np.array(m.r.uniform(0.01, 0.2), F4), m.numbers([], dtype)
    scale, zero = m.value(scale, True), m.value(zero, True)
    codes = m.add("QuantizeLinear", [m.value(x), scale, zero], axis=axis)
    m.add("DequantizeLinear", [codes, scale, zero], axis=axis)


def dynamic_quantize(m):
    m.since(11)
    m.add("DynamicQuantizeLinear", [m.value(m.floats(m.shape(1, 3, 0)))], 3)


# ---------------------------------------------------------------- windows

def window(m, spatial, kernel, size=None):
    attributes = {"kernel_shape": kernel, "strides": [m.whole(1, 3) for _ in range(spatial)] if m.chance(0.6) else None}
    if m.chance(0.25):
        attributes["auto_pad"] = m.pick("SAME_UPPER", "SAME_LOWER", "VALID")
    elif m.chance(0.7):
        attributes["pads"] = [m.whole(0, k - 1) for k in (*kernel, *kernel)]
    return attributes


def image(m, spatial, channels, kernel, dilation):
    sizes = [max(1, d * (k - 1) + 1) + m.whole(0, 2 * m.largest) for k, d in zip(kernel, dilation)]
    return m.floats([m.whole(1, 2), channels, *sizes])


def conv(m):
    spatial = m.pick(1, 2, 2, 2, 3)
    groups = m.pick(1, 1, 1, 2, 3)
    ci, co = groups * m.whole(1, 9), groups * m.whole(1, 9)
    if m.chance(0.2):
        groups = ci = m.whole(2, 40)
        co = ci * m.pick(1, 1, 2)
    kernel = [m.whole(1, 4 if spatial < 3 else 3) for _ in range(spatial)]
    dilation = [m.whole(1, 2) for _ in range(spatial)] if m.chance(0.3) else [1] * spatial
    attributes = window(m, spatial, kernel)
    x = image(m, spatial, ci, kernel, dilation)
    w = m.floats([co, ci // groups, *kernel])
    inputs = [m.value(x), m.value(w, m.chance(0.8))] + ([m.value(m.floats([co]), m.chance(0.8))] if m.chance(0.6) else [])
    m.add("Conv", inputs, group=groups, dilations=dilation, **attributes)


def conv_transpose(m):
    spatial, groups = m.pick(1, 2, 2), m.pick(1, 1, 2)
    ci, co = groups * m.whole(1, 5), groups * m.whole(1, 5)
    kernel = [m.whole(1, 4) for _ in range(spatial)]
    attributes = window(m, spatial, kernel)
    dilation = [m.whole(1, 2) for _ in range(spatial)] if m.chance(0.3) else [1] * spatial
    if "auto_pad" in attributes and m.chance(0.7):
        del attributes["auto_pad"]
    strides = attributes["strides"] or [1] * spatial
    if m.chance(0.4):
        attributes["output_padding"] = [m.whole(0, max(s, d) - 1) for s, d in zip(strides, dilation)]
    x = m.floats([m.whole(1, 2), ci, *(m.whole(2, 6) for _ in kernel)])
    inputs = [m.value(x), m.value(m.floats([ci, co // groups, *kernel]), m.chance(0.8))] + ([m.value(m.floats([co]))] if m.chance(0.5) else [])
    m.add("ConvTranspose", inputs, group=groups, dilations=dilation, **attributes)


def pool(m):
    kind = m.pick("MaxPool", "MaxPool", "AveragePool", "AveragePool", "LpPool")
    spatial = m.pick(1, 2, 2, 2, 3)
    kernel = [m.whole(1, 4 if spatial < 3 else 3) for _ in range(spatial)]
    attributes = window(m, spatial, kernel)
    dilation = [1] * spatial
    if (kind == "MaxPool" and m.opset >= 10 or kind == "AveragePool" and m.opset >= 19) and m.chance(0.3):
        dilation = attributes["dilations"] = [m.whole(1, 2) for _ in range(spatial)]
    if (kind == "MaxPool" or kind == "AveragePool") and m.opset >= 10 and m.chance(0.4):
        attributes["ceil_mode"] = 1
    if kind == "AveragePool" and m.chance(0.5):
        attributes["count_include_pad"] = 1
    if kind == "LpPool":
        attributes["p"] = m.whole(1, 3)
    x = image(m, spatial, m.pick(1, 3, 17, 33), kernel, dilation)
    m.add(kind, [m.value(x)], 2 if kind == "MaxPool" and m.opset >= 8 and m.chance(0.3) else 1, **attributes)


def global_pool(m):
    kind = m.pick("GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool")
    m.add(kind, [m.value(m.floats([m.whole(1, 2), m.whole(1, 20), *(m.whole(1, 9) for _ in range(m.whole(1, 3)))]))],
          p=m.whole(1, 3) if kind == "GlobalLpPool" else None)


def norm(m):
    kind = m.pick("BatchNormalization", "InstanceNormalization", "LayerNormalization", "LRN", "LpNormalization",
                  "MeanVarianceNormalization", "GroupNormalization")
    x = m.floats([m.whole(1, 3), 2 * m.whole(1, 9), *(m.whole(1, 5) for _ in range(m.whole(1, 2)))])
    c = x.shape[1]
    if kind == "BatchNormalization":
        rows = [m.value(a.astype(F4)) for a in (m.floats([c]), m.floats([c]), m.floats([c]), m.r.uniform(0.3, 2, c))]
        return m.add(kind, [m.value(x), *rows], epsilon=m.pick(None, 1e-3))
    if kind == "InstanceNormalization":
        return m.add(kind, [m.value(x), m.value(m.floats([c])), m.value(m.floats([c]))])
    if kind == "LayerNormalization":
        m.since(17)
        axis = m.axis(x.ndim)
        part = x.shape[axis % x.ndim:]
        return m.add(kind, [m.value(x), m.value(m.floats(part))] + ([m.value(m.floats(part))] if m.chance(0.7) else []), axis=axis)
    if kind == "LRN":
        return m.add(kind, [m.value(x)], size=m.pick(1, 3, 5), alpha=0.1, beta=0.7, bias=m.pick(None, 2.0))
    if kind == "LpNormalization":
        return m.add(kind, [m.value(x)], axis=m.axis(x.ndim), p=m.whole(1, 2))
    if kind == "GroupNormalization":
        m.since(21)
        return m.add(kind, [m.value(x), m.value(m.floats([c])), m.value(m.floats([c]))], num_groups=2)
    m.since(9)
    return m.add(kind, [m.value(m.floats([2, 3, 4, 5]))])


def resize(m):
    x = m.floats([1, m.whole(1, 5), m.whole(1, 6), m.whole(1, 6)])
    if m.opset < 10:
        return m.add("Upsample", [m.value(x)], mode=m.pick("nearest", "linear"), scales=[1.0, 1.0, float(m.whole(1, 3)), float(m.whole(1, 3))]) \
            if m.opset < 9 else m.add("Upsample", [m.value(x), m.value(np.array([1, 1, 2, m.whole(1, 3)], F4), True)], mode=m.pick("nearest", "linear"))
    scales = np.array([1, 1, m.pick(0.5, 0.6, 1, 2, 1.7, 3), m.pick(0.5, 0.8, 1, 2, 2.5)], F4)
    if m.opset < 11:
        return m.add("Resize", [m.value(x), m.value(scales, True)], mode=m.pick("nearest", "linear"))
    mode = m.pick("nearest", "linear", "cubic")
    attributes = {"mode": mode, "coordinate_transformation_mode": m.pick("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")}
    if mode == "nearest":
        attributes["nearest_mode"] = m.pick("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
    if mode == "cubic" and m.chance(0.5):
        attributes.update(cubic_coeff_a=-0.5, exclude_outside=m.whole(0, 1))
    if m.opset >= 18 and mode != "nearest" and m.chance(0.3):
        attributes["antialias"] = 1
    if m.chance(0.5):
        return m.add("Resize", [m.value(x), "", m.value(scales, True)], **attributes)
    sizes = np.array([1, x.shape[1], m.whole(1, 9), m.whole(1, 9)], np.int64)
    return m.add("Resize", [m.value(x), "", "", m.value(sizes, True)], **attributes)


def vision(m):
    choice = m.whole(0, 3)
    if choice == 0:
        m.since(16)
        modes = ("bilinear", "nearest", "bicubic") if m.opset < 20 else ("linear", "nearest", "cubic")
        x, n = m.floats([m.whole(1, 2), m.whole(1, 3), m.whole(2, 5), m.whole(2, 5)]), 0
        grid = m.floats([x.shape[0], m.whole(1, 4), m.whole(1, 4), 2], F4, -1.2, 1.2)
        return m.add("GridSample", [m.value(x), m.value(grid)], mode=m.pick(*modes), align_corners=m.whole(0, 1),
                     padding_mode=m.pick("zeros", "border", "reflection"))
    if choice == 1:
        m.since(11)
        n, c = m.whole(1, 8), m.whole(1, 2)
        boxes = m.r.uniform(0, 4, [1, n, 4])
        boxes[..., 2:] = boxes[..., :2] + m.r.uniform(0.5, 3, [1, n, 2])
        rows = [boxes.astype(F4), m.r.random([1, c, n]).astype(F4)]
        limits = [m.value(v, True) for v in (np.array([m.whole(1, 5)], np.int64), np.array([0.4], F4), np.array([0.2], F4))]
        return m.add("NonMaxSuppression", [m.value(r) for r in rows] + limits, center_point_box=m.whole(0, 1))
    if choice == 2:
        m.since(16)
        x, n = m.floats([2, m.whole(1, 3), 6, 7]), m.whole(1, 3)
        rois = m.r.uniform(0, 5, [n, 4])
        rois[:, 2:] = rois[:, :2] + m.r.uniform(0.5, 4, [n, 2])
        return m.add("RoiAlign", [m.value(x), m.value(rois.astype(F4)), m.value(m.r.integers(0, 2, n).astype(np.int64))],
                     mode="avg", output_height=m.whole(1, 3), output_width=m.whole(1, 3), sampling_ratio=m.whole(1, 2),
                     spatial_scale=m.pick(1.0, 0.5), coordinate_transformation_mode=m.pick("half_pixel", "output_half_pixel"))
    m.since(11)
    n = m.whole(1, 4)
    return m.add("Det", [m.value(m.floats([*m.shape(0, 2, 0), n, n]))])


def recurrent(m):
    kind = m.pick("LSTM", "GRU", "RNN")
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind]
    direction = m.pick("forward", "reverse", "bidirectional")
    d, steps, batch, n_in, h = 2 if direction == "bidirectional" else 1, m.whole(1, 5), m.whole(1, 3), m.whole(1, 6), m.whole(1, 20)
    rows = [m.floats([steps, batch, n_in]), m.floats([d, gates * h, n_in]) * 0.5, m.floats([d, gates * h, h]) * 0.5]
    inputs = [m.value(rows[0]), *(m.value(np.array(w, F4), m.chance(0.8)) for w in rows[1:])]
    inputs.append(m.value(m.floats([d, 2 * gates * h])) if m.chance(0.7) else "")
    inputs.append(m.value(m.r.integers(1, steps + 1, batch).astype(np.int32)) if m.chance(0.3) else "")
    if m.chance(0.5):
        inputs.append(m.value(m.floats([d, batch, h])))
        if kind == "LSTM":
            inputs.append(m.value(m.floats([d, batch, h])))
            if m.chance(0.3):
                inputs.append(m.value(m.floats([d, 3 * h])))
    m.tolerance = 1e-3
    m.add(kind, inputs, 3 if kind == "LSTM" else 2, hidden_size=h, direction=direction, clip=m.pick(None, None, 0.5),
          linear_before_reset=m.whole(0, 1) if kind == "GRU" else None)


# ---------------------------------------------------------------- chains: what layouts and fusion do

def convolution_chain(m):
    """Convolutions with what usually stands around them, on one image; only the end (and perhaps a middle) is an output."""
    m.since(13)
    c, size = m.whole(1, 20), m.whole(4, 12)
    x = m.value(m.floats([m.whole(1, 2), c, size, size]), False)
    alive, kept = [(x, c, size)], 0
    for _ in range(m.whole(2, 7)):
        x, c, size = alive[-1] if m.chance(0.8) else m.pick(*alive)
        choice = m.pick("conv", "conv", "conv", "act", "act", "add", "pool", "concat", "resize", "norm", "scale", "turn", "softmax", "mean", "pad", "slice")
        n = c
        if choice == "conv":
            k, g = m.pick(1, 3, 3), 1
            n = m.whole(1, 24)
            if m.chance(0.25):
                g, n = c, c
            w = m.value(m.floats([n, c // g, k, k]) * np.float32(0.3), True)
            y = m.add("Conv", [x, w] + ([m.value(m.floats([n]), True)] if m.chance(0.7) else []), keep=False, pads=[k // 2] * 4, group=g)
        elif choice == "act":
            kind = m.pick("Relu", "Clip", "Sigmoid", "LeakyRelu", "HardSwish", "Tanh")
            y = m.since(14).add(kind, [x, m.value(np.array(0, F4), True), m.value(np.array(6, F4), True)] if kind == "Clip" else [x], keep=False)
        elif choice == "add":
            same = [a for a in alive if a[1:] == (c, size)]
            other = m.pick(*same)[0] if m.chance(0.7) else m.value(m.floats(m.pick([c, 1, 1], [1], [1, c, 1, 1], [size], [])), True)
            y = m.add(m.pick("Add", "Add", "Mul", "Sub"), [x, other] if m.chance(0.7) else [other, x], keep=False)
        elif choice == "pool":
            y = m.add(m.pick("MaxPool", "AveragePool"), [x], keep=False, kernel_shape=[3, 3], pads=[1] * 4)
        elif choice == "concat":
            others = [a for a in alive if a[2] == size][-3:]
            y, n = m.add("Concat", [a[0] for a in others], keep=False, axis=m.pick(1, -3)), sum(a[1] for a in others)
        elif choice == "resize" and size < 13:
            y = m.add("Resize", [x, "", m.value(np.array([1, 1, 2, 2], F4), True)], keep=False, mode=m.pick("nearest", "linear"))
            size *= 2
        elif choice == "norm":
            rows = [m.value(a.astype(F4), True) for a in (m.floats([c]), m.floats([c]), m.floats([c]), m.r.uniform(0.3, 2, c))]
            y = m.add("BatchNormalization", [x, *rows], keep=False) if m.chance(0.6) else m.add("InstanceNormalization", [x, *rows[:2]], keep=False)
        elif choice == "scale":
            pooled = m.add("GlobalAveragePool", [x], keep=False)
            y = m.add("Mul", [x, m.add("Sigmoid", [pooled], keep=False)], keep=False)
        elif choice == "turn":
            turned = m.add("Transpose", [x], keep=False, perm=[0, 2, 3, 1])
            y = m.add("Transpose", [m.add("Relu", [turned], keep=False)], keep=False, perm=[0, 3, 1, 2])
        elif choice == "softmax":
            y = m.add("Softmax", [x], keep=False, axis=m.pick(1, -3, -1, 2))
        elif choice == "mean":
            y = m.add("Sub", [x, m.add("ReduceMax", [x], keep=False, axes=[m.pick(1, 2, -1)] if m.opset < 18 else None)], keep=False)
        elif choice == "pad":
            y = m.add("Pad", [x, m.value(np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64), True)], keep=False, mode=m.pick("constant", "edge", "reflect"))
            size += 2
        elif choice == "slice" and size > 3:
            y = m.add("Slice", [x, *(m.value(np.array([v], np.int64), True) for v in (1, size, 2))], keep=False)
            y = m.add("Slice", [y, *(m.value(np.array([v], np.int64), True) for v in (1, size, 3))], keep=False)
            size -= 1
        else:
            continue
        alive.append((y, n, size))
        if m.chance(0.15):
            m.outputs.append(y)
            kept += 1
    if alive[-1][0] not in m.outputs:
        m.outputs.append(alive[-1][0])
    if len(alive) == 1:
        m.outputs = [m.add("Relu", [x])]


def transformer_chain(m):
    m.since(17)
    batch, length, heads, each = m.whole(1, 2), m.whole(1, 9), m.whole(1, 3), m.whole(1, 9)
    width = heads * each
    x = m.value(m.floats([batch, length, width]), False)

    def linear(y, n_in, n_out):
        y = m.add("MatMul", [y, m.value(m.floats([n_in, n_out]) * np.float32(0.3), True)], keep=False)
        bias = m.value(m.floats([n_out]), True)
        return m.add("Add", [y, bias] if m.chance(0.5) else [bias, y], keep=False)

    def split_heads(y, perm):
        y = m.add("Reshape", [y, m.value(np.array([0, -1, heads, each], np.int64), True)], keep=False)
        return m.add("Transpose", [y], keep=False, perm=perm)

    q, k, v = (linear(x, width, width) for _ in range(3))
    scores = m.add("MatMul", [split_heads(q, [0, 2, 1, 3]), split_heads(k, [0, 2, 3, 1])], keep=False)
    scores = m.add(m.pick("Div", "Mul"), [scores, m.value(np.array(m.pick(2.0, 0.5), F4), True)], keep=False)
    if m.chance(0.5):
        scores = m.add("Add", [scores, m.value(m.floats(m.pick([length], [batch, 1, 1, length], [length, length])))], keep=False)
    y = m.add("MatMul", [m.add("Softmax", [scores], keep=False, axis=m.pick(-1, 3)), split_heads(v, [0, 2, 1, 3])], keep=False)
    y = m.add("Reshape", [m.add("Transpose", [y], keep=False, perm=[0, 2, 1, 3]), m.value(np.array([0, -1, width], np.int64), True)], keep=False)
    y = m.add("Add", [linear(y, width, width), x], keep=False)
    y = m.add("LayerNormalization", [y, m.value(m.floats([width]), True), m.value(m.floats([width]), True)], keep=False, axis=-1)
    hidden = linear(y, width, 2 * width)
    if m.chance(0.6):
        half = m.add("Div", [hidden, m.value(np.array(np.sqrt(2), F4), True)], keep=False)
        one = m.add("Add", [m.add("Erf", [half], keep=False), m.value(np.array(1, F4), True)], keep=False)
        hidden = m.add("Mul", [m.add("Mul", [hidden, one], keep=False), m.value(np.array(0.5, F4), True)], keep=False)
    else:
        hidden = m.add(m.pick("Relu", "Tanh", "Sigmoid"), [hidden], keep=False)
    m.add("Add", [linear(hidden, 2 * width, width), y])


GENERATORS = (unary, unary, unary, unary, binary, binary, binary, binary, clip, variadic, where, logic, cast, reduce, reduce, reduce, arg,
              softmax, softmax, cumsum, topk, reshape, flatten, transpose, transpose, squeeze, concat, split, slice_, slice_, gather, gather_nd,
              scatter, pad, pad, expand, shape_of, made, chosen, chosen, matmul, matmul, matmul, gemm, gemm, einsum, integer_matmul, quantize,
              dynamic_quantize, conv, conv, conv, conv, conv_transpose, conv_transpose, pool, pool, pool, global_pool, norm, norm,
              resize, resize, vision, recurrent, recurrent, convolution_chain, convolution_chain, convolution_chain, convolution_chain,
              transformer_chain)


def make(index, seed=1, largest=5):
    """Case number index: (name of its generator, Maker)."""
    generator = GENERATORS[index % len(GENERATORS)]
    m = Maker((seed, index), largest)
    generator(m)
    return generator.__name__.strip("_"), m
