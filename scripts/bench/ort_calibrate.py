"""ONNX Runtime's calibration by itself: ort_calibrate.py MODEL DATA METHOD SAMPLES

METHOD is minmax or percentile; everything else as create_calibrator has it by default. Prints the seconds of making the
calibrator (its model and session), running the samples and computing the ranges; imports do not count.
"""
import sys
import tempfile
import time

import numpy as np
import onnx
from onnxruntime.quantization.calibrate import CalibrationDataReader, CalibrationMethod, create_calibrator


class Samples(CalibrationDataReader):
    """First n samples of an npz file: a[i:i+1] of an array with the input's rank, a[i] of one more."""

    def __init__(self, model, path, n):
        graph = onnx.load(model, load_external_data=False).graph
        held = {t.name for t in graph.initializer}
        with np.load(path) as data:
            rows = [(x.name, data[x.name], len(x.type.tensor_type.shape.dim)) for x in graph.input if x.name not in held]
        n = min([n or 1 << 30] + [len(a) for _, a, _ in rows])
        self.samples = iter([{k: a[i : i + 1] if a.ndim == rank else a[i] for k, a, rank in rows} for i in range(n)])

    def get_next(self):
        return next(self.samples, None)


def main(model, data, method, n):
    methods = {"minmax": CalibrationMethod.MinMax, "percentile": CalibrationMethod.Percentile}
    samples = Samples(model, data, int(n))
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        calibrator = create_calibrator(model, None, folder + "/augmented.onnx", methods[method])
        calibrator.collect_data(samples)
        ranges = calibrator.compute_data()
        print("%.6f %d" % (time.perf_counter() - start, len(ranges.data)))


if __name__ == "__main__":
    main(*sys.argv[1:5])
