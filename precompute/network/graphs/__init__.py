"""Networks as files that hold their graph: ONNX, exported programs, TorchScript."""
