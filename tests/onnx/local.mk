# tests of src/onnx
