#!/usr/bin/env python3
"""Train a small decoder transformer to continue text of a small grammar, and write it as ONNX with its data.

    train_chars.py FOLDER    writes tiny_transformer.onnx, chars_calib.npz, chars_eval.npz, chars_labels.npy

The text is made here: sentences whose verb agrees in number with a subject some words back, and whose next sentence
refers to that subject by "it" or "they".  No sentence structure can be guessed from the last letters alone, so the
attention has work to do.

    ids [N,32] int64 - Gather + positions - 2 x (LayerNormalization - attention with 4 heads - Add -
    LayerNormalization - MatMul - GELU through Erf - MatMul - Add) - LayerNormalization - MatMul - logits [N,32,V]

The first block's normalizations are written out (ReduceMean, Sub, Pow, Sqrt, Div), as files below opset 17 have them;
the others are LayerNormalization nodes.  The causal mask is a constant that is added to the scores.
"""

import sys
from pathlib import Path

import autograd as ag
import numpy as np
from autograd import Tensor
from model_files import constant, must_agree, save_model, save_npy, save_npz
from onnx import TensorProto, helper

SEED, STEPS, BATCH, RATE = 20240619, 700, 32, 4e-3
LENGTH, WIDTH, HEADS, INNER, LAYERS = 32, 64, 4, 160, 2
ALPHABET = " .abcdefghijklmnopqrstuvwxyz"
MASKED = -1e4       # finite: a mask of -inf would make NaN of a row that is masked throughout

NOUNS = "cat dog bird fox frog horse duck goat".split()
ADJECTIVES = "small red old quick quiet brown".split()
VERBS = "see chase like follow hear find".split()
PLACES = "near behind under beside".split()


def text(rng, length):
    """`length` letters of sentences."""
    def word(words):
        return words[rng.integers(len(words))]

    def noun(plural):
        adjective = word(ADJECTIVES) + " " if rng.random() < 0.4 else ""
        return "the " + adjective + word(NOUNS) + ("s" if plural else "")

    out, size = [], 0
    while size < length:
        plural = rng.random() < 0.5
        subject = noun(plural) + (" %s %s" % (word(PLACES), noun(rng.random() < 0.5)) if rng.random() < 0.3 else "")
        verbs = [word(VERBS) + ("" if plural else "s") for _ in range(2)]
        line = "%s %s %s. " % (subject, verbs[0], noun(rng.random() < 0.5))
        if rng.random() < 0.5:
            line += "%s %s %s. " % ("they" if plural else "it", verbs[1], noun(rng.random() < 0.5))
        out.append(line)
        size += len(line)
    return "".join(out)[:length]


def encode(letters):
    return np.array([ALPHABET.index(c) for c in letters], np.int64)


def windows(ids, starts):
    """Letters [n, LENGTH] and the letter that follows each."""
    at = starts[:, None] + np.arange(LENGTH)
    return ids[at], ids[at + 1]


class Network:
    def __init__(self, rng):
        def weight(rows, columns, gain=1.0):
            return ag.parameter(rng, (rows, columns), gain / np.sqrt(rows))

        def layer():
            parts = {}
            for name, rows, columns in (("q", WIDTH, WIDTH), ("k", WIDTH, WIDTH), ("v", WIDTH, WIDTH),
                                        ("out", WIDTH, WIDTH), ("up", WIDTH, INNER), ("down", INNER, WIDTH)):
                parts[name + ".weight"] = weight(rows, columns, 0.5 if name in ("out", "down") else 1.0)
                parts[name + ".bias"] = Tensor(np.zeros(columns))
            for name in ("norm1", "norm2"):
                parts[name + ".gamma"], parts[name + ".beta"] = Tensor(np.ones(WIDTH)), Tensor(np.zeros(WIDTH))
            return parts

        self.p = {"letters": ag.parameter(rng, (len(ALPHABET), WIDTH), 0.5),
                  "positions": ag.parameter(rng, (LENGTH, WIDTH), 0.1)}
        for i in range(LAYERS):
            self.p.update(("layer%d.%s" % (i, k), v) for k, v in layer().items())
        self.p.update({"norm.gamma": Tensor(np.ones(WIDTH)), "norm.beta": Tensor(np.zeros(WIDTH)),
                       "head.weight": weight(WIDTH, len(ALPHABET))})
        self.mask = Tensor(np.triu(np.full((LENGTH, LENGTH), MASKED, np.float32), 1))

    def norm(self, x, name):
        return ag.layernorm(x) * self.p[name + ".gamma"] + self.p[name + ".beta"]

    def linear(self, x, name):
        return x @ self.p[name + ".weight"] + self.p[name + ".bias"]

    def attention(self, x, layer):
        n = x.data.shape[0]

        def heads(name, perm):
            return ag.transpose(ag.reshape(self.linear(x, layer + name), (n, LENGTH, HEADS, -1)), perm)

        q, k, v = heads("q", (0, 2, 1, 3)), heads("k", (0, 2, 3, 1)), heads("v", (0, 2, 1, 3))
        scores = ag.scale(q @ k, (WIDTH // HEADS) ** -0.5) + self.mask
        mixed = ag.reshape(ag.transpose(ag.softmax(scores) @ v, (0, 2, 1, 3)), (n, LENGTH, WIDTH))
        return self.linear(mixed, layer + "out")

    def logits(self, ids):
        x = ag.embed(self.p["letters"], ids) + self.p["positions"]
        for i in range(LAYERS):
            layer = "layer%d." % i
            x = x + self.attention(self.norm(x, layer + "norm1"), layer)
            x = x + self.linear(ag.gelu(self.linear(self.norm(x, layer + "norm2"), layer + "up")), layer + "down")
        return self.norm(x, "norm") @ self.p["head.weight"]


def train(ids):
    rng = np.random.default_rng(SEED)
    network = Network(rng)
    optimizer = ag.Adam(list(network.p.values()))
    for step in range(STEPS):
        letters, following = windows(ids, rng.integers(0, len(ids) - LENGTH - 1, BATCH))
        loss = ag.cross_entropy(network.logits(letters), following)
        loss.backward()
        optimizer.step(ag.cosine(step, STEPS, RATE, warmup=50))
        if step % 100 == 99:
            print("chars: step %3d, loss %.4f" % (step + 1, float(loss.data)), file=sys.stderr)
    return network


class Exporter:
    """Nodes named after what they make; constants that several nodes use are written once."""

    def __init__(self, network):
        self.nodes, self.constants, self.network = [], [], network
        for name, value in network.p.items():
            self.constants.append(constant(name, value.data))
        for name, value in (("mask", network.mask.data), ("score_scale", np.float32((WIDTH // HEADS) ** -0.5)),
                            ("two", np.float32(2)), ("one", np.float32(1)), ("half", np.float32(0.5)),
                            ("sqrt2", np.float32(np.sqrt(2))), ("epsilon", np.float32(1e-5)),
                            ("split_heads", np.array([0, LENGTH, HEADS, WIDTH // HEADS], np.int64)),
                            ("join_heads", np.array([0, LENGTH, WIDTH], np.int64))):
            self.constants.append(constant(name, value))

    def put(self, kind, inputs, output, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output + "/" + kind, **attributes))
        return output

    def norm(self, x, name, at, written_out):
        if not written_out:
            return self.put("LayerNormalization", [x, name + ".gamma", name + ".beta"], at, axis=-1, epsilon=1e-5)
        centred = self.put("Sub", [x, self.put("ReduceMean", [x], at + ".mean", axes=[-1])], at + ".centred")
        square = self.put("Pow", [centred, "two"], at + ".square")
        variance = self.put("ReduceMean", [square], at + ".variance", axes=[-1])
        spread = self.put("Sqrt", [self.put("Add", [variance, "epsilon"], at + ".safe")], at + ".spread")
        hat = self.put("Div", [centred, spread], at + ".hat")
        return self.put("Add", [self.put("Mul", [hat, name + ".gamma"], at + ".scaled"), name + ".beta"], at)

    def linear(self, x, name):
        product = self.put("MatMul", [x, name + ".weight"], name + ".product")
        return self.put("Add", [product, name + ".bias"], name)

    def attention(self, x, layer):
        def heads(name, perm):
            split = self.put("Reshape", [self.linear(x, layer + name), "split_heads"], layer + name + ".split")
            return self.put("Transpose", [split], layer + name + ".heads", perm=perm)

        q, k, v = heads("q", [0, 2, 1, 3]), heads("k", [0, 2, 3, 1]), heads("v", [0, 2, 1, 3])
        scores = self.put("Mul", [self.put("MatMul", [q, k], layer + "dot"), "score_scale"], layer + "scores")
        masked = self.put("Add", [scores, "mask"], layer + "masked")
        shares = self.put("Softmax", [masked], layer + "shares", axis=-1)
        mixed = self.put("MatMul", [shares, v], layer + "mixed")
        back = self.put("Transpose", [mixed], layer + "mixed.back", perm=[0, 2, 1, 3])
        return self.linear(self.put("Reshape", [back, "join_heads"], layer + "joined"), layer + "out")

    def gelu(self, x, at):
        inner = self.put("Erf", [self.put("Div", [x, "sqrt2"], at + ".scaled")], at + ".erf")
        product = self.put("Mul", [x, self.put("Add", [inner, "one"], at + ".shifted")], at + ".product")
        return self.put("Mul", [product, "half"], at)

    def graph(self):
        x = self.put("Add", [self.put("Gather", ["letters", "ids"], "embedded", axis=0), "positions"], "stream0")
        for i in range(LAYERS):
            layer, written_out = "layer%d." % i, i == 0
            y = self.attention(self.norm(x, layer + "norm1", layer + "normed1", written_out), layer)
            x = self.put("Add", [x, y], layer + "stream1")
            y = self.linear(self.norm(x, layer + "norm2", layer + "normed2", written_out), layer + "up")
            y = self.linear(self.gelu(y, layer + "gelu"), layer + "down")
            x = self.put("Add", [x, y], layer + "stream2")
        self.put("MatMul", [self.norm(x, "norm", "normed", False), "head.weight"], "logits")
        return helper.make_graph(
            self.nodes, "tiny_transformer", [helper.make_tensor_value_info("ids", TensorProto.INT64, ["N", LENGTH])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", LENGTH, len(ALPHABET)])],
            self.constants)


def main(folder):
    rng = np.random.default_rng(SEED + 1)
    learnt, held_out = encode(text(rng, 60000)), encode(text(rng, 12000))
    network = train(learnt)
    path = folder / "tiny_transformer.onnx"
    save_model(path, Exporter(network).graph(), 17,
               "Next letter of a small grammar, trained by scripts/train_chars.py; ids index %r" % ALPHABET)
    calib, _ = windows(learnt, np.arange(96) * 600)
    letters, following = windows(held_out, np.arange(96) * 120)
    got = must_agree(path, {"ids": letters}, network.logits(letters).data)
    right = float((got.argmax(axis=-1) == following).mean())
    print("chars: %d parameters, perplexity %.3f, %.2f %% of the next letters right" % (
        sum(p.data.size for p in network.p.values()), perplexity(got, following), 100 * right))
    save_npz(folder / "chars_calib.npz", ids=calib)
    save_npz(folder / "chars_eval.npz", ids=letters)
    save_npy(folder / "chars_labels.npy", following)


def perplexity(logits, labels):
    return float(np.exp(ag.cross_entropy(Tensor(logits), labels).data))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
