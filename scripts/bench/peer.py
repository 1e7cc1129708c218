"""A model in ONNX Runtime, run whenever asked: the other side of tests/bench/bench_model.c, same lines in and out.

    peer.py [--threads N] [--no-optimization] MODEL DATA

One session, as many intra-op threads as asked for, inputs and outputs bound before the clock starts. Prints "ready
NANOSECONDS BASE" (to create the session; resident bytes before that, interpreter and libraries included), then answers
"run N" with "FASTEST MEDIAN 0" and "write PATH" with "ok" (an npz file).
"""
import argparse
import sys
import time

import numpy as np
import onnxruntime as ort


def resident(key="VmRSS"):
    with open("/proc/self/status") as status:
        return next((1024 * int(line.split()[1]) for line in status if line.startswith(key)), 0)


def first_sample(data, name, rank):
    return np.ascontiguousarray(data[name][:1] if data[name].ndim == rank else data[name][0])


def open_session(path, threads, optimize=True):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if not optimize:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def bound(session, data):
    binding = session.io_binding()
    for x in session.get_inputs():
        binding.bind_cpu_input(x.name, first_sample(data, x.name, len(x.shape)))
    for y in session.get_outputs():
        binding.bind_output(y.name, "cpu")
    return binding


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-optimization", action="store_true")
    parser.add_argument("model")
    parser.add_argument("data")
    args = parser.parse_args()
    base, start = resident(), time.perf_counter_ns()
    session = open_session(args.model, args.threads, not args.no_optimization)
    took = time.perf_counter_ns() - start
    with np.load(args.data) as data:
        binding = bound(session, data)
    print("ready", took, base, flush=True)
    for line in sys.stdin:
        verb, rest = line.rstrip("\n").split(" ", 1)
        if verb == "write":
            np.savez(rest, **dict(zip((y.name for y in session.get_outputs()), binding.copy_outputs_to_cpu())))
            print("ok", flush=True)
            continue
        times = []
        for _ in range(int(rest)):
            start = time.perf_counter_ns()
            session.run_with_iobinding(binding)
            times.append(time.perf_counter_ns() - start)
        times.sort()
        print(times[0], times[len(times) // 2], 0, flush=True)


if __name__ == "__main__":
    main()
