"""A tiny server with a health path, as a process: `server_program.py PORT [--deaf] [--ignore-term] [--child]`."""

import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"service": "one"}')

    def log_message(self, *_: object) -> None:
        """Log nothing, so that a test reads only what the program printed."""


def main(port: int, *options: str) -> None:
    if "--ignore-term" in options:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "--child" in options:
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        sys.stdout.write(f"child {child.pid}\n")
    if "--die" in options:
        sys.exit("the disk is full")
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    if "--deaf" in options:
        signal.pause()
    HTTPServer(("127.0.0.1", port), Health).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
