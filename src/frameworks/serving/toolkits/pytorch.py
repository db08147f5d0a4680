"""The default handlers of AWS's PyTorch containers.

Source: sagemaker_pytorch_serving_container/default_pytorch_inference_handler.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from frameworks.inference.formats import INFERENCE_DECODERS, INFERENCE_ENCODERS, decode, encode
from frameworks.inference.messages import CSV, TEXT_TYPES, UnsupportedFormat

MODEL_FILE = "model.pt"


class ModelLoadError(Exception):
    """The file is not a TorchScript model."""


class PyTorchDefaults:
    def __init__(self) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def model_fn(self, model_dir: str) -> Any:
        """Load `model.pt`, or the only .pt or .pth file, as TorchScript."""
        path = Path(model_dir) / MODEL_FILE
        if not path.exists():
            names = [
                file.name for file in Path(model_dir).iterdir() if file.is_file() and file.suffix in (".pt", ".pth")
            ]
            if len(names) != 1:
                raise ValueError(f"Exactly one .pth or .pt file is required for PyTorch models: {names}")
            path = Path(model_dir) / names[0]
        try:
            model = torch.jit.load(str(path), map_location=self.device)  # type: ignore[no-untyped-call]
            return model.to(self.device)
        except RuntimeError as error:
            raise ModelLoadError(f"Failed to load {path}. Please ensure model is saved using torchscript.") from error

    def input_fn(self, content: Any, content_type: str) -> Any:
        array = decode(content, content_type, INFERENCE_DECODERS)
        tensor = torch.FloatTensor(array) if content_type in TEXT_TYPES else torch.from_numpy(array)
        return tensor.to(self.device)

    def predict_fn(self, data: Any, model: Any) -> Any:
        with torch.no_grad():
            model = model.to(self.device)
            model.eval()
            return model(data.to(self.device))

    def output_fn(self, prediction: Any, accept: str) -> Any:
        if type(prediction) is torch.Tensor:
            prediction = prediction.detach().cpu().numpy().tolist()
        for content_type in accept.replace(" ", "").split(","):
            if content_type in INFERENCE_ENCODERS:
                encoded = encode(prediction, content_type, INFERENCE_ENCODERS)
                return encoded.encode() if content_type == CSV and isinstance(encoded, str) else encoded
        raise UnsupportedFormat(accept)
