#!/usr/bin/env python3
"""Train a small convolutional network on the digits of scikit-learn and write it as ONNX with its data.

    train_digits.py FOLDER      writes digits_cnn.onnx, digits_calib.npz, digits_eval.npz, digits_labels.npy

The network is made of what a quantizer meets in larger ones, and nothing is folded in the file:

    image [N,1,8,8] - Conv 3x3 - BN - Relu                                   16 maps of 8 x 8
                    - depthwise Conv 3x3 - BN - Clip(0,6) - Conv 1x1 - BN    32
                    - MaxPool 2x2                                            32 maps of 4 x 4
                    - [Conv 3x3 - BN - Relu - Conv 3x3 - BN] + itself - Relu 32
                    - Conv 3x3 - BN - Relu - GlobalAveragePool - Flatten     48
                    - Gemm - Softmax - probability [N,10]
"""

import sys
from pathlib import Path

import autograd as ag
import numpy as np
from autograd import BatchNorm, Tensor
from digits_data import split
from model_files import constant, must_agree, save_model, save_npy, save_npz
from onnx import TensorProto, helper

SEED, EPOCHS, BATCH, RATE = 20240617, 25, 32, 0.1


class Network:
    def __init__(self, rng):
        def conv(m, c, k):
            return ag.parameter(rng, (m, c, k, k), np.sqrt(2 / (c * k * k)))

        self.weights = {"stem": conv(16, 1, 3), "depthwise": conv(16, 1, 3), "pointwise": conv(32, 16, 1),
                        "block_a": conv(32, 32, 3), "block_b": conv(32, 32, 3), "head": conv(48, 32, 3)}
        self.norms = {name: BatchNorm(w.data.shape[0]) for name, w in self.weights.items()}
        self.gemm_weight = ag.parameter(rng, (48, 10), np.sqrt(1 / 48))
        self.gemm_bias = Tensor(np.zeros(10))

    def parameters(self):
        norms = [p for norm in self.norms.values() for p in norm.parameters()]
        return list(self.weights.values()) + norms + [self.gemm_weight, self.gemm_bias]

    def logits(self, images, training):
        def block(x, name, product=ag.conv2d):
            weight = self.weights[name]
            return self.norms[name](product(x, weight, weight.data.shape[2] // 2), training)

        x = ag.relu(block(Tensor(images), "stem"))
        x = ag.clip(block(x, "depthwise", ag.depthwise2d), 0, 6)
        x = ag.maxpool2(block(x, "pointwise"))
        y = ag.relu(block(x, "block_a"))
        x = ag.relu(block(y, "block_b") + x)
        x = ag.mean(ag.relu(block(x, "head")), (2, 3))
        return x @ self.gemm_weight + self.gemm_bias

    def probability(self, images):
        return ag.softmax(self.logits(images, False)).data


def shifted(images, rng):
    """Each image moved by up to one pixel in each direction."""
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    moves = rng.integers(0, 3, (len(images), 2))
    return np.stack([padded[i, :, y:y + 8, x:x + 8] for i, (y, x) in enumerate(moves)])


def train(images, labels):
    rng = np.random.default_rng(SEED)
    network = Network(rng)
    optimizer = ag.Sgd(network.parameters(), momentum=0.9, weight_decay=5e-4)
    steps = EPOCHS * (len(images) // BATCH)
    step = 0
    for epoch in range(EPOCHS):
        order, total = rng.permutation(len(images)), 0.0
        for at in range(0, len(images) - BATCH + 1, BATCH):
            batch = order[at:at + BATCH]
            loss = ag.cross_entropy(network.logits(shifted(images[batch], rng), True), labels[batch], 0.05)
            loss.backward()
            optimizer.step(ag.cosine(step, steps, RATE, warmup=40))
            total, step = total + float(loss.data), step + 1
        print("digits: epoch %2d, loss %.4f" % (epoch + 1, total / (len(images) // BATCH)), file=sys.stderr)
    return network


def export(network, path):
    nodes, constants = [], []

    def put(kind, inputs, output, **attributes):
        nodes.append(helper.make_node(kind, inputs, [output], name=output + "/" + kind, **attributes))
        return output

    def conv(x, name, group=1):
        weight, norm = network.weights[name].data, network.norms[name]
        pad = weight.shape[2] // 2
        constants.append(constant(name + ".weight", weight))
        parts = {"gamma": norm.gamma.data, "beta": norm.beta.data, "mean": norm.mean, "var": norm.var}
        constants.extend(constant("%s.bn.%s" % (name, k), v.reshape(-1)) for k, v in parts.items())
        y = put("Conv", [x, name + ".weight"], name + ".conv", kernel_shape=list(weight.shape[2:]), pads=[pad] * 4,
                group=group)
        return put("BatchNormalization", [y] + ["%s.bn.%s" % (name, k) for k in parts], name + ".bn",
                   epsilon=float(norm.epsilon))

    constants += [constant("zero", np.float32(0)), constant("six", np.float32(6)),
                  constant("classifier.weight", network.gemm_weight.data),
                  constant("classifier.bias", network.gemm_bias.data)]
    x = put("Relu", [conv("image", "stem")], "stem.out")
    x = put("Clip", [conv(x, "depthwise", group=16), "zero", "six"], "depthwise.out")
    x = put("MaxPool", [conv(x, "pointwise")], "pool.out", kernel_shape=[2, 2], strides=[2, 2])
    y = put("Relu", [conv(x, "block_a")], "block_a.out")
    x = put("Relu", [put("Add", [conv(y, "block_b"), x], "block.sum")], "block.out")
    x = put("Relu", [conv(x, "head")], "head.out")
    x = put("Flatten", [put("GlobalAveragePool", [x], "gap.out")], "features", axis=1)
    x = put("Gemm", [x, "classifier.weight", "classifier.bias"], "logits")
    put("Softmax", [x], "probability", axis=1)
    graph = helper.make_graph(
        nodes, "digits_cnn", [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 8, 8])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["N", 10])], constants)
    save_model(path, graph, 17, "Digits classifier trained by scripts/train_digits.py; pixels / 16")


def main(folder):
    (images, labels), (test_images, test_labels) = split(SEED)
    images, test_images = images[:, None], test_images[:, None]
    network = train(images, labels)
    export(network, folder / "digits_cnn.onnx")
    got = must_agree(folder / "digits_cnn.onnx", {"image": test_images}, network.probability(test_images))
    accuracy = float((got.argmax(axis=1) == test_labels).mean())
    save_npz(folder / "digits_calib.npz", image=images[:128])
    save_npz(folder / "digits_eval.npz", image=test_images)
    save_npy(folder / "digits_labels.npy", test_labels)
    count = sum(p.data.size for p in network.parameters())
    print("digits: %d parameters, %.2f %% of %d test images right" % (count, 100 * accuracy, len(test_labels)))
    if accuracy < 0.97:
        raise SystemExit("digits: the accuracy is below 97 %: not a model worth shipping")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
