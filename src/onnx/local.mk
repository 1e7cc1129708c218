# sources of onnx/
