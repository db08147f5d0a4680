"""The `serve` command: HTTP in front of ONNX Runtime. Nothing here imports PyTorch."""
