#!/usr/bin/env python3
"""The program of a custom image: its hyperparameters control how it trains, and it serves the trained model."""

import json
import os
import signal
import socket
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BASE = Path("/opt/ml")


def train() -> None:
    parameters = json.loads((BASE / "input/config/hyperparameters.json").read_text())
    resources = json.loads((BASE / "input/config/resourceconfig.json").read_text())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    (BASE / "model/model.txt").write_text(parameters.get("model", "trained"))
    files = [path for path in (BASE / "input/data").rglob("*") if path.is_file()]
    print(json.dumps({"files": len(files), "host": resources["current_host"], "uid": os.getuid()}), flush=True)
    exec(parameters.get("program", ""), {"BASE": BASE, "resources": resources})  # noqa: S102 - lines from a test
    if "meet" in parameters:
        meet(resources["current_host"])
    if "read" in parameters:
        read_pipes(int(parameters["read"]))
    for number in range(int(parameters.get("ticks", 0))):
        print(f"tick={number}", flush=True)
        time.sleep(0.1)  # the program itself runs this long
    print("the last line", end="")


def read_pipes(count: int) -> None:
    """Read `count` bytes of each of two epochs of the channel `train`; -1 reads everything."""
    for epoch in range(2):
        with (BASE / f"input/data/train_{epoch}").open("rb") as pipe:
            print("read", len(pipe.read(count)), flush=True)


def meet(host: str) -> None:
    """Let algo-1 listen and the other host connect to it by name."""
    if host == "algo-1":
        connection, _ = socket.create_server(("", 7777)).accept()
        print("algo-1 heard", connection.recv(100).decode(), flush=True)
    else:
        connected("algo-1", 7777).sendall(host.encode())
    (BASE / "model" / f"met-{host}").touch()


def connected(host: str, port: int) -> socket.socket:
    deadline = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection((host, port), 1)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)  # poll: the other host listens soon


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "PROBABILITIES" in os.environ:  # a slow model
            time.sleep(0.05)  # the model itself takes this long
            return self._answer(os.environ["PROBABILITIES"].encode())
        model = (BASE / "model/model.txt").read_text()
        return self._answer(json.dumps({"model": model, "got": body.decode()}).encode())

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def serve() -> None:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()  # noqa: S104 - the container contract


if __name__ == "__main__":
    train() if "train" in sys.argv[0] or sys.argv[1:] == ["train"] else serve()
