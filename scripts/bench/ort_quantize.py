"""ONNX Runtime's quantizer: ort_quantize.py MODEL DATA OUT

quant_pre_process, then quantize_static: QDQ, min-max, per channel, u8 activations and s8 weights, the rest as it comes.
Prints the seconds without imports.
"""
import logging
import os
import sys
import tempfile
import time
import warnings

from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from ort_calibrate import Samples


def main(model, data, out):
    model, data, out = (os.path.abspath(p) for p in (model, data, out))
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # it leaves files where it stands
        source = model
        for skip in (False, True):  # symbolic shapes stop at operators it does not know: then without
            try:
                quant_pre_process(model, folder + "/prepared.onnx", skip_symbolic_shape=skip)
                source = folder + "/prepared.onnx"
                break
            except Exception:  # noqa: BLE001  it raises what it likes
                pass
        quantize_static(source, out, Samples(source, data, 0), quant_format=QuantFormat.QDQ, per_channel=True,
                        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                        calibrate_method=CalibrationMethod.MinMax)
    print("%.6f" % (time.perf_counter() - start))


if __name__ == "__main__":
    main(*sys.argv[1:4])
