"""Reverse-mode differentiation on numpy arrays: just what the models in models/ need to be trained.

A Tensor holds an array, and after backward() the gradient of the loss by it.  Each operation returns a new Tensor that
remembers its parents and a function that turns its own gradient into theirs.  Everything runs in one fixed order in
one thread, so a seed gives the same weights again on the same numpy and processor.
"""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")           # before numpy: the order of sums must not depend on threads

import numpy as np                              # noqa: E402
from scipy.special import erf                   # noqa: E402

DTYPE = np.float32


class Tensor:
    def __init__(self, data, parents=(), backward=None):
        self.data = np.asarray(data)
        if self.data.dtype.kind == "f":
            self.data = self.data.astype(DTYPE, copy=False)
        self.grad = None
        self.parents = parents
        self.push = backward

    def backward(self):
        order, seen = [], set()

        def visit(tensor):
            stack = [(tensor, iter(tensor.parents))]
            seen.add(id(tensor))
            while stack:
                top, parents = stack[-1]
                for parent in parents:
                    if id(parent) not in seen:
                        seen.add(id(parent))
                        stack.append((parent, iter(parent.parents)))
                        break
                else:
                    order.append(top)
                    stack.pop()

        visit(self)
        self.grad = np.ones_like(self.data)
        for tensor in reversed(order):
            if tensor.push is None:
                continue
            for parent, grad in zip(tensor.parents, tensor.push(tensor.grad)):
                if grad is None:
                    continue
                grad = unbroadcast(grad, parent.data.shape)
                parent.grad = grad if parent.grad is None else parent.grad + grad

    def __add__(self, other):
        return add(self, other)

    def __mul__(self, other):
        return mul(self, other)

    def __matmul__(self, other):
        return matmul(self, other)


def unbroadcast(grad, shape):
    """Sum a gradient over the axes along which its operand was repeated."""
    if grad.shape == shape:
        return grad
    lead = grad.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(i + lead for i, n in enumerate(shape) if n == 1 and grad.shape[i + lead] != 1)
    return grad.sum(axis=axes).reshape(shape)


def parameter(rng, shape, scale):
    return Tensor(rng.standard_normal(shape) * scale)


# ---------------------------------------------------------------- element by element

def add(a, b):
    return Tensor(a.data + b.data, (a, b), lambda g: (g, g))


def mul(a, b):
    return Tensor(a.data * b.data, (a, b), lambda g: (g * b.data, g * a.data))


def scale(a, factor):
    return Tensor(a.data * DTYPE(factor), (a,), lambda g: (g * DTYPE(factor),))


def relu(a):
    return Tensor(np.maximum(a.data, 0), (a,), lambda g: (g * (a.data > 0),))


def clip(a, low, high):
    return Tensor(np.clip(a.data, low, high), (a,), lambda g: (g * ((a.data > low) & (a.data < high)),))


def sigmoid(a):
    y = 1 / (1 + np.exp(-a.data))
    return Tensor(y, (a,), lambda g: (g * y * (1 - y),))


def tanh(a):
    y = np.tanh(a.data)
    return Tensor(y, (a,), lambda g: (g * (1 - y * y),))


def gelu(a):
    """x/2 (1 + erf(x / sqrt 2)); its slope is Phi(x) + x phi(x)."""
    x = a.data
    cdf = (0.5 * (1 + erf(x / np.sqrt(2)))).astype(DTYPE)
    pdf = (np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)).astype(DTYPE)
    return Tensor(x * cdf, (a,), lambda g: (g * (cdf + x * pdf),))


# ---------------------------------------------------------------- shapes and products

def reshape(a, shape):
    return Tensor(a.data.reshape(shape), (a,), lambda g: (g.reshape(a.data.shape),))


def transpose(a, perm):
    back = np.argsort(perm)
    return Tensor(a.data.transpose(perm), (a,), lambda g: (g.transpose(back),))


def pick(a, key):
    """a[key] for basic indices (slices and integers)."""
    def push(g):
        grad = np.zeros_like(a.data)
        grad[key] = g
        return (grad,)
    return Tensor(a.data[key], (a,), push)


def mean(a, axes):
    count = np.prod([a.data.shape[i] for i in axes])
    return Tensor(a.data.mean(axis=axes), (a,),
                  lambda g: (np.broadcast_to(np.expand_dims(g, axes) / count, a.data.shape).astype(DTYPE),))


def matmul(a, b):
    def push(g):
        return g @ np.swapaxes(b.data, -1, -2), np.swapaxes(a.data, -1, -2) @ g
    return Tensor(a.data @ b.data, (a, b), push)


def embed(table, ids):
    def push(g):
        grad = np.zeros_like(table.data)
        np.add.at(grad, ids, g)
        return (grad,)
    return Tensor(table.data[ids], (table,), push)


def softmax(a):
    """Along the last axis."""
    e = np.exp(a.data - a.data.max(axis=-1, keepdims=True))
    y = e / e.sum(axis=-1, keepdims=True)
    return Tensor(y, (a,), lambda g: (y * (g - (g * y).sum(axis=-1, keepdims=True)),))


def cross_entropy(logits, labels, smoothing=0.0):
    """Mean over all rows of -log softmax(logits)[label], the label's weight spread a little over all classes."""
    z = logits.data - logits.data.max(axis=-1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    classes = z.shape[-1]
    target = np.full(z.shape, smoothing / classes, DTYPE)
    np.put_along_axis(target, labels[..., None], 1 - smoothing + smoothing / classes, axis=-1)
    rows = z.size // classes
    return Tensor(-(target * logp).sum() / rows, (logits,), lambda g: (g * (np.exp(logp) - target) / DTYPE(rows),))


# ---------------------------------------------------------------- convolution and pooling, NCHW

def _patches(x, kernel, pad):
    """Windows of a padded map, as a view [N, C, OH, OW, kernel, kernel]."""
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    return np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(2, 3))


def _scatter(windows, shape, pad):
    """The opposite of _patches: add each window [N, C, OH, OW, k, k] back to where it came from."""
    n, c, h, w = shape
    out = np.zeros((n, c, h + 2 * pad, w + 2 * pad), DTYPE)
    oh, ow, kernel = windows.shape[2], windows.shape[3], windows.shape[4]
    for i in range(kernel):
        for j in range(kernel):
            out[:, :, i:i + oh, j:j + ow] += windows[..., i, j]
    return out[:, :, pad:pad + h, pad:pad + w]


def conv2d(x, weight, pad):
    """Stride 1, all channels to all channels: weight [M, C, k, k]."""
    m, c, k, _ = weight.data.shape
    patches = _patches(x.data, k, pad)
    n, _, oh, ow = patches.shape[:4]
    columns = patches.transpose(0, 2, 3, 1, 4, 5).reshape(n * oh * ow, c * k * k)
    matrix = weight.data.reshape(m, -1)
    y = (columns @ matrix.T).reshape(n, oh, ow, m).transpose(0, 3, 1, 2)

    def push(g):
        rows = g.transpose(0, 2, 3, 1).reshape(n * oh * ow, m)
        windows = (rows @ matrix).reshape(n, oh, ow, c, k, k).transpose(0, 3, 1, 2, 4, 5)
        return _scatter(windows, x.data.shape, pad), (rows.T @ columns).reshape(weight.data.shape)

    return Tensor(np.ascontiguousarray(y), (x, weight), push)


def depthwise2d(x, weight, pad):
    """Stride 1, each channel with its own kernel: weight [C, 1, k, k]."""
    k = weight.data.shape[2]
    patches = _patches(x.data, k, pad)
    kernel = weight.data[:, 0]
    y = np.einsum("nchwij,cij->nchw", patches, kernel)

    def push(g):
        windows = g[..., None, None] * kernel[None, :, None, None]
        return _scatter(windows, x.data.shape, pad), np.einsum("nchwij,nchw->cij", patches, g)[:, None]

    return Tensor(y, (x, weight), push)


def maxpool2(x):
    """2 x 2, stride 2, on even sizes; a tie sends the gradient to the first of the window."""
    n, c, h, w = x.data.shape
    cells = x.data.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h // 2, w // 2, 4)
    best = cells.argmax(axis=-1)[..., None]

    def push(g):
        grad = np.zeros_like(cells)
        np.put_along_axis(grad, best, g[..., None], axis=-1)
        return (grad.reshape(n, c, h // 2, w // 2, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(x.data.shape),)

    return Tensor(np.take_along_axis(cells, best, axis=-1)[..., 0], (x,), push)


# ---------------------------------------------------------------- normalization

def _normalize(x, axes, epsilon):
    centre = x.mean(axis=axes, keepdims=True)
    variance = ((x - centre) ** 2).mean(axis=axes, keepdims=True)
    inverse = 1 / np.sqrt(variance + DTYPE(epsilon))
    hat = (x - centre) * inverse

    def push(g):
        return inverse * (g - g.mean(axis=axes, keepdims=True) - hat * (g * hat).mean(axis=axes, keepdims=True))

    return hat, centre, variance, push


def layernorm(x, epsilon=1e-5):
    """Over the last axis, without scale and offset."""
    hat, _, _, push = _normalize(x.data, (-1,), epsilon)
    return Tensor(hat, (x,), lambda g: (push(g),))


class BatchNorm:
    """Over N, H, W.  Training uses the batch's statistics and remembers them; inference uses what was remembered."""

    def __init__(self, channels, momentum=0.1, epsilon=1e-5):
        self.gamma = Tensor(np.ones((channels, 1, 1)))
        self.beta = Tensor(np.zeros((channels, 1, 1)))
        self.mean = np.zeros((channels, 1, 1), DTYPE)
        self.var = np.ones((channels, 1, 1), DTYPE)
        self.momentum, self.epsilon = DTYPE(momentum), DTYPE(epsilon)

    def parameters(self):
        return [self.gamma, self.beta]

    def __call__(self, x, training):
        if not training:
            hat = Tensor((x.data - self.mean) / np.sqrt(self.var + self.epsilon))
            return add(mul(hat, self.gamma), self.beta)
        hat, centre, variance, push = _normalize(x.data, (0, 2, 3), self.epsilon)
        self.mean += self.momentum * (centre[0] - self.mean)
        self.var += self.momentum * (variance[0] - self.var)
        return add(mul(Tensor(hat, (x,), lambda g: (push(g),)), self.gamma), self.beta)


# ---------------------------------------------------------------- optimizers

class Sgd:
    def __init__(self, parameters, momentum=0.9, weight_decay=0.0):
        self.parameters, self.momentum, self.decay = parameters, DTYPE(momentum), DTYPE(weight_decay)
        self.speed = [np.zeros_like(p.data) for p in parameters]

    def step(self, rate):
        for p, v in zip(self.parameters, self.speed):
            v *= self.momentum
            v += p.grad + (self.decay * p.data if p.data.ndim > 1 else 0)
            p.data = p.data - DTYPE(rate) * v
            p.grad = None


class Adam:
    def __init__(self, parameters, beta1=0.9, beta2=0.98, epsilon=1e-8, clip_norm=1.0):
        self.parameters, self.b1, self.b2, self.eps, self.clip = parameters, beta1, beta2, epsilon, clip_norm
        self.m = [np.zeros_like(p.data) for p in parameters]
        self.v = [np.zeros_like(p.data) for p in parameters]
        self.t = 0

    def step(self, rate):
        self.t += 1
        norm = float(np.sqrt(sum(float((p.grad ** 2).sum()) for p in self.parameters)))
        shrink = min(1.0, self.clip / (norm + 1e-12))
        for p, m, v in zip(self.parameters, self.m, self.v):
            g = p.grad * DTYPE(shrink)
            m += (1 - self.b1) * (g - m)
            v += (1 - self.b2) * (g * g - v)
            ahead = m / (1 - self.b1 ** self.t)
            spread = np.sqrt(v / (1 - self.b2 ** self.t)) + self.eps
            p.data = (p.data - DTYPE(rate) * ahead / spread).astype(DTYPE)
            p.grad = None


def cosine(step, steps, peak, warmup=0):
    """Learning rate: a straight rise for `warmup` steps, then half a cosine down to 2 % of the peak."""
    if step < warmup:
        return peak * (step + 1) / warmup
    turn = (step - warmup) / max(1, steps - warmup)
    return peak * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * turn)))
