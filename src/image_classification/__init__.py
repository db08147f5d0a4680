"""The program of the image-classification container: AWS's built-in contract on PyTorch and ONNX Runtime."""
