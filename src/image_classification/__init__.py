"""The image-classification container's program: AWS's built-in contract on PyTorch and ONNX Runtime."""
