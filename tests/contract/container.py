"""A container's program for the contract tests: it trains for the requested time, serves, and processes as its
arguments say.
"""

import json
import os
import signal
import socket
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

BASE = Path(os.environ["SAGEMAKER_BASE_DIR"])


def train() -> int:
    parameters = json.loads((BASE / "input/config/hyperparameters.json").read_text())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    (BASE / "model/model.txt").write_text(parameters.get("model", "trained"))
    seen = {str(path.relative_to(BASE / "input")): path.stat().st_size for path in (BASE / "input").rglob("*.*")}
    print(json.dumps({"input": seen, "job": os.environ["TRAINING_JOB_NAME"]}), flush=True)
    print("Epoch[0] Validation-accuracy=0.875000", flush=True)
    if "output" in parameters:
        (BASE / "output/data/report.txt").write_text(parameters["output"])
    if "PROGRAM" in os.environ:  # a test's own few lines
        exec(os.environ["PROGRAM"], {"BASE": BASE, "parameters": parameters})  # noqa: S102
    if "failure" in parameters:
        (BASE / "output/failure").write_text(parameters["failure"])
    deadline = time.monotonic() + float(parameters.get("seconds", 0))
    while time.monotonic() < deadline:
        time.sleep(0.02)  # the program itself takes this long, as the test's hyperparameter says
    return int(parameters.get("exit_code", 0))


class Handler(BaseHTTPRequestHandler):
    server: ThreadingHTTPServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/execution-parameters":
            self._answer(200, os.environ.get("PARAMETERS", "").encode(), "application/json")
            return
        self._answer(200, b"", "text/plain")

    def do_POST(self) -> None:
        body = self._body()
        if body == b"die":
            # at its end the kernel may reset this connection before it closes the port, and take one more in between
            self.server.socket.shutdown(socket.SHUT_RDWR)
            os._exit(3)
        if "ANSWER" in os.environ:  # a test's own few lines
            exec(os.environ["ANSWER"], {"BASE": BASE, "handler": self, "body": body})  # noqa: S102
            return
        if body.startswith(b"sleep "):
            time.sleep(float(body.split()[1]))  # a slow model, as the test's request says
        if body.startswith(b"status "):
            self._answer(int(body.split()[1]), b"as you wish", "text/plain")
        else:
            model = (BASE / "model/model.txt").read_text()
            answer = {"model": model, "got": body.decode("latin-1"), "type": self.headers["Content-Type"]}
            self._answer(200, json.dumps(answer).encode(), "application/json")

    def _body(self) -> bytes:
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if "X-Amzn-SageMaker-Custom-Attributes" in self.headers:
            self.send_header("X-Amzn-SageMaker-Custom-Attributes", self.headers["X-Amzn-SageMaker-Custom-Attributes"])
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class MultiModelHandler(Handler):
    """The multi-model API. MODELS_MAX is how many models fit into its memory; LOAD_S is how long each load takes."""

    models: ClassVar[dict[str, Path]] = {}

    def do_GET(self) -> None:
        if self.path == "/models":
            listed = [{"modelName": name, "modelUrl": str(path)} for name, path in self.models.items()]
            self._answer(200, json.dumps({"models": listed}).encode(), "application/json")
        else:
            self._answer(200, b"", "text/plain")

    def do_POST(self) -> None:
        body = self._body()
        if self.path == "/models":
            self._load(json.loads(body))
            return
        name, target = self.path.split("/")[2], self.headers["X-Amzn-SageMaker-Target-Model"]
        if name not in self.models or body == b"forget":  # as a server whose worker process ended
            self.models.pop(name, None)
            self._answer(404, b"not loaded", "text/plain")
            return
        if body == b"die":
            self.server.socket.shutdown(socket.SHUT_RDWR)
            os._exit(3)
        if body.startswith(b"sleep "):
            time.sleep(float(body.split()[1]))  # a slow model, as the test's request says
        model = (self.models[name] / "model.txt").read_text()
        self._answer(200, json.dumps({"model": model, "target": target}).encode(), "application/json")

    def do_DELETE(self) -> None:
        known = self.models.pop(self.path.split("/")[2], None)
        self._answer(200 if known else 404, b"", "text/plain")

    def _load(self, request: dict[str, str]) -> None:
        path = Path(request["url"])
        text = (path / "model.txt").read_text()
        time.sleep(float(os.environ.get("LOAD_S", "0")))  # the load itself takes this long, as the test says
        if len(self.models) >= int(os.environ.get("MODELS_MAX", "100")):
            self._answer(507, b"no memory", "text/plain")
        elif text == "broken":
            self._answer(500, b"this model is no good", "text/plain")
        else:
            status = 409 if request["model_name"] in self.models else 200
            self.models[request["model_name"]] = path
            self._answer(status, b"{}", "application/json")


def serve() -> int:
    if os.environ.get("REFUSE_TO_START"):
        print("this model is no good", flush=True)
        return 1
    exec(os.environ.get("AT_START", ""), {"BASE": BASE})  # noqa: S102 - a test's own few lines
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    handler = MultiModelHandler if "SAGEMAKER_MULTI_MODEL" in os.environ else Handler
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), handler).serve_forever()
    return 0


def process(*steps: str) -> int:
    """Run the steps in turn: `copy=FROM:TO`, `say=TEXT`, `message=TEXT`, `sleep=SECONDS`, `exit=CODE`, `show=`."""
    for step in steps:
        name, _, text = step.partition("=")
        if name == "copy":
            source, _, target = text.partition(":")
            copy_with_host_name(Path(source), Path(target))
        elif name == "say":
            print(text, flush=True)
        elif name == "message":
            (BASE / "output/message").write_text(text)
        elif name == "sleep":
            time.sleep(float(text))  # the program itself takes this long, as the test says
        elif name == "exit":
            return int(text)
        elif name == "show":
            show(text)
    return 0


def copy_with_host_name(source: Path, target: Path) -> None:
    host = json.loads((BASE / "config/resourceconfig.json").read_text())["current_host"]
    for path in source.rglob("*"):
        if path.is_file():
            copied = target / host / path.relative_to(source)
            copied.parent.mkdir(parents=True, exist_ok=True)
            copied.write_bytes(path.read_bytes())


def show(variable: str) -> None:
    config = {path.stem: json.loads(path.read_text()) for path in (BASE / "config").iterdir()}
    print(json.dumps({**config, "variable": os.environ.get(variable)}), flush=True)


if __name__ == "__main__":
    commands = {"train": train, "serve": serve}
    raise SystemExit(commands[sys.argv[1]]() if sys.argv[1:2] and sys.argv[1] in commands else process(*sys.argv[1:]))
