#!/usr/bin/env python3
"""Train an LSTM and a GRU to read the digits of scikit-learn row by row, and write both as ONNX with their data.

    train_rows.py FOLDER    writes tiny_lstm.onnx, tiny_gru.onnx, rows_calib.npz, rows_eval.npz, rows_labels.npy

    rows [N,8,8] - Transpose to time first - LSTM(32) - last state - Squeeze - Gemm - logits [N,10]
    rows [N,8,8] - Transpose to time first - GRU(32) - all states - Squeeze - mean over time - Gemm - logits [N,10]
"""

import sys
from pathlib import Path

import autograd as ag
import numpy as np
from autograd import Tensor
from digits_data import split
from model_files import constant, must_agree, save_model, save_npy, save_npz
from onnx import TensorProto, helper

SEED, EPOCHS, BATCH, RATE, HIDDEN = 20240618, 40, 48, 6e-3, 32


class Network:
    """Gates are kept in ONNX's order side by side: input, output, forget, cell; update, reset, hidden."""

    def __init__(self, rng, gates):
        def weight(rows, columns):
            return ag.parameter(rng, (rows, columns), np.sqrt(1 / rows))

        self.gates = gates
        self.w, self.r = weight(8, gates * HIDDEN), weight(HIDDEN, gates * HIDDEN)
        self.wb, self.rb = Tensor(np.zeros(gates * HIDDEN)), Tensor(np.zeros(gates * HIDDEN))
        if gates == 4:
            self.wb.data[2 * HIDDEN:3 * HIDDEN] = 1         # the LSTM begins by remembering
        self.gemm_weight, self.gemm_bias = weight(HIDDEN, 10), Tensor(np.zeros(10))

    def parameters(self):
        return [self.w, self.r, self.wb, self.rb, self.gemm_weight, self.gemm_bias]

    def gate(self, sums, which):
        return ag.pick(sums, (slice(None), slice(which * HIDDEN, (which + 1) * HIDDEN)))

    def lstm_step(self, x, state, cell):
        sums = x @ self.w + self.wb + state @ self.r + self.rb
        i, o, f = (ag.sigmoid(self.gate(sums, k)) for k in range(3))
        cell = f * cell + i * ag.tanh(self.gate(sums, 3))
        return o * ag.tanh(cell), cell

    def gru_step(self, x, state):
        """linear_before_reset = 1: the reset gate acts on the finished product of the state."""
        from_x, from_state = x @ self.w + self.wb, state @ self.r + self.rb
        z, r = (ag.sigmoid(self.gate(from_x, k) + self.gate(from_state, k)) for k in range(2))
        new = ag.tanh(self.gate(from_x, 2) + r * self.gate(from_state, 2))
        return new + z * (state + ag.scale(new, -1))

    def logits(self, rows):
        state = cell = Tensor(np.zeros((len(rows), HIDDEN)))
        total = None
        for t in range(rows.shape[1]):
            x = Tensor(rows[:, t])
            if self.gates == 4:
                state, cell = self.lstm_step(x, state, cell)
            else:
                state = self.gru_step(x, state)
                total = state if total is None else total + state
        features = state if self.gates == 4 else ag.scale(total, 1 / rows.shape[1])
        return features @ self.gemm_weight + self.gemm_bias


def train(rows, labels, gates, name):
    rng = np.random.default_rng(SEED + gates)
    network = Network(rng, gates)
    optimizer = ag.Adam(network.parameters())
    steps, step = EPOCHS * (len(rows) // BATCH), 0
    for epoch in range(EPOCHS):
        order, total = rng.permutation(len(rows)), 0.0
        for at in range(0, len(rows) - BATCH + 1, BATCH):
            batch = order[at:at + BATCH]
            loss = ag.cross_entropy(network.logits(rows[batch]), labels[batch], 0.02)
            loss.backward()
            optimizer.step(ag.cosine(step, steps, RATE, warmup=20))
            total, step = total + float(loss.data), step + 1
        if epoch % 10 == 9:
            print("%s: epoch %2d, loss %.4f" % (name, epoch + 1, total / (len(rows) // BATCH)), file=sys.stderr)
    return network


def export(network, name, path):
    lstm = network.gates == 4
    constants = [constant("W", network.w.data.T[None]), constant("R", network.r.data.T[None]),
                 constant("B", np.concatenate([network.wb.data, network.rb.data])[None]),
                 constant("classifier.weight", network.gemm_weight.data),
                 constant("classifier.bias", network.gemm_bias.data)]
    nodes = [helper.make_node("Transpose", ["rows"], ["time_first"], name="time_first", perm=[1, 0, 2])]
    if lstm:
        constants.append(constant("direction_axis", np.array([0], np.int64)))
        nodes += [helper.make_node("LSTM", ["time_first", "W", "R", "B"], ["", "last"], name="lstm",
                                   hidden_size=HIDDEN),
                  helper.make_node("Squeeze", ["last", "direction_axis"], ["features"], name="features")]
    else:
        constants.append(constant("direction_axis", np.array([1], np.int64)))
        nodes += [helper.make_node("GRU", ["time_first", "W", "R", "B"], ["states"], name="gru",
                                   hidden_size=HIDDEN, linear_before_reset=1),
                  helper.make_node("Squeeze", ["states", "direction_axis"], ["states_flat"], name="states_flat"),
                  helper.make_node("ReduceMean", ["states_flat"], ["features"], name="mean", axes=[0], keepdims=0)]
    nodes.append(helper.make_node("Gemm", ["features", "classifier.weight", "classifier.bias"], ["logits"],
                                  name="classifier"))
    graph = helper.make_graph(
        nodes, name, [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["N", 8, 8])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 10])], constants)
    save_model(path, graph, 17, "Digits read row by row, trained by scripts/train_rows.py; pixels / 16")


def main(folder):
    (rows, labels), (test_rows, test_labels) = split(SEED)
    for name, gates in (("tiny_lstm", 4), ("tiny_gru", 3)):
        network = train(rows, labels, gates, name)
        path = folder / (name + ".onnx")
        export(network, name, path)
        got = must_agree(path, {"rows": test_rows}, network.logits(test_rows).data)
        accuracy = float((got.argmax(axis=1) == test_labels).mean())
        print("%s: %d parameters, %.2f %% of %d test images right" % (
            name, sum(p.data.size for p in network.parameters()), 100 * accuracy, len(test_labels)))
        if accuracy < 0.93:
            raise SystemExit("%s: the accuracy is below 93 %%: not a model worth shipping" % name)
    save_npz(folder / "rows_calib.npz", rows=rows[:128])
    save_npz(folder / "rows_eval.npz", rows=test_rows)
    save_npy(folder / "rows_labels.npy", test_labels)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
