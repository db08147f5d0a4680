"""Inference with the algorithm's model: payloads into matrices, predictions into answers."""
