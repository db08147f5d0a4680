"""A container program for the pipeline's tests: it learns the mean color of each label, so it is as good as its labels.

It reads the images and manifests of its channels. The hyperparameter `at_endpoint` makes the model misbehave at an
endpoint, but not in a batch transform: `refuse` to start, `lie`, or `fail` every request.
"""

import io
import json
import os
import signal
import sys
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from PIL import Image

BASE = Path(os.environ["SAGEMAKER_BASE_DIR"])
MODEL = BASE / "model/model.json"


def color(image: Image.Image) -> list[float]:
    red, green, blue = image.convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))  # type: ignore[misc]
    return [red / 255, green / 255, blue / 255]


def labeled(channel: str) -> list[tuple[int, Path]]:
    (manifest,) = (BASE / f"input/data/{channel}_lst").glob("*.lst")
    lines = (line.split("\t") for line in manifest.read_text().splitlines())
    return [(int(label), BASE / f"input/data/{channel}" / name) for _, label, name in lines]


def train() -> int:
    parameters = json.loads((BASE / "input/config/hyperparameters.json").read_text())
    colors: dict[int, list[list[float]]] = defaultdict(list)
    for label, path in labeled("train"):
        colors[label].append(color(Image.open(path)))
    assert int(parameters["num_training_samples"]) == sum(map(len, colors.values()))
    means = [[sum(part) / len(part) for part in zip(*colors[label], strict=True)] for label in sorted(colors)]
    MODEL.write_text(json.dumps({"means": means, "at_endpoint": parameters.get("at_endpoint", "answer")}))
    answers = [answer(means, path.read_bytes()) for _, path in labeled("validation")]
    labels = [label for label, _ in labeled("validation")]
    accuracy = sum(one.index(max(one)) == label for one, label in zip(answers, labels, strict=True)) / len(labels)
    print(f"Epoch[0] Validation-accuracy={accuracy:f}", flush=True)
    return 0


def answer(means: list[list[float]], body: bytes) -> list[float]:
    seen = color(Image.open(io.BytesIO(body)))
    nearness = [1 / (0.01 + sum(abs(a - b) for a, b in zip(seen, mean, strict=True))) for mean in means]
    return [one / sum(nearness) for one in nearness]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model: ClassVar[dict[str, Any]] = {}

    def do_GET(self) -> None:
        self._send(200, b"")

    def do_POST(self) -> None:
        body = self._body()
        if self.model["at_endpoint"] == "fail":
            self._send(500, b'"this model fails"')
            return
        probabilities = answer(self.model["means"], body)
        if self.model["at_endpoint"] == "lie":
            probabilities.reverse()
        self._send(200, json.dumps(probabilities).encode())

    def _body(self) -> bytes:
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def serve() -> int:
    model = json.loads(MODEL.read_text())
    if os.environ.get("SAGEMAKER_BATCH") == "true":
        model["at_endpoint"] = "answer"
    if model["at_endpoint"] == "refuse":
        print("this model does not start", flush=True)
        return 1
    Handler.model = model
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    address = os.environ["SAGEMAKER_BIND_TO_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"])
    ThreadingHTTPServer(address, Handler).serve_forever()
    return 0


if __name__ == "__main__":
    raise SystemExit({"train": train, "serve": serve}[sys.argv[1]]())
