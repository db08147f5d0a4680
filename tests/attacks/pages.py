"""The attacker's web server and the scripts of its pages. It also serves the developer's own page, as the control."""

from __future__ import annotations

import html
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.attacks.victim import BUCKET, KEY

STACK = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
ENCTYPES = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
FETCH = """async ([url, options]) => {
  try {
    const answer = await fetch(url, options); return `${answer.type} ${answer.status}`
  } catch (e) { return String(e) }
}"""
SOCKET = """url => new Promise(done => {
  const socket = new WebSocket(url); socket.onopen = () => done("open"); socket.onerror = () => done("error")
})"""
EVENTS = """url => new Promise(done => {
  const events = new EventSource(url); events.onopen = () => done("open"); events.onerror = () => done("error")
})"""
IMAGES = """urls => Promise.all(urls.map(url => new Promise(done => {
  const image = new Image(); image.referrerPolicy = "no-referrer"; image.onload = image.onerror = done; image.src = url
})))"""
FRAME = """url => new Promise(done => {
  const frame = document.createElement("iframe"); frame.referrerPolicy = "no-referrer"
  frame.onload = done; frame.src = url; document.body.append(frame)
})"""


class Page(BaseHTTPRequestHandler):
    """A handler that serves an empty page for every path."""

    def do_GET(self) -> None:
        body = b"<!doctype html><title>page</title><body></body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@contextmanager
def web_server() -> Iterator[int]:
    """Serve the page on its own port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def acting_urls(port_name: str, base: str) -> list[str]:
    """The attack of two images, and its siblings; on a Runtime API, taking an invocation from its function."""
    if port_name.startswith("Runtime API"):
        return [f"{base}/2018-06-01/runtime/invocation/next"]
    return [
        f"{base}/?Action=CreateStack&StackName=harm&TemplateBody={html.escape(STACK)}",
        f"{base}/?Action=CreateQueue&QueueName=harm",
        f"{base}/?Action=SendMessage&QueueUrl={base}/000000000000/harm&MessageBody=x",
    ]


def form(url: str, enctype: str) -> str:
    """Return a form that acts on SQS and SageMaker through its fields, and on S3 through its key."""
    fields = {"Action": "CreateQueue", "QueueName": "harm", "key": "incoming/x.png", "file": "evil"}
    inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
    return f'<form method="post" target="_self" action="{url}" enctype="{enctype}">{inputs}</form>'


def fetches(base: str) -> list[tuple[str, dict[str, Any]]]:
    """Return every method and mode that a page can request.

    Modes that fetch does not allow for pages fail by themselves.
    """
    group = {"X-Amz-Target": "SageMaker.CreateModelPackageGroup", "Content-Type": "application/x-amz-json-1.1"}
    body = json.dumps({"ModelPackageGroupName": "harm"})
    bodies: list[dict[str, Any]] = [
        {"method": "POST", "body": "Action=CreateQueue&QueueName=harm", "headers": {"Content-Type": ENCTYPES[0]}},
        {"method": "POST", "body": body, "headers": {"Content-Type": "text/plain"}},
        {"method": "POST", "body": body, "headers": group},
        {"method": "GET", "referrerPolicy": "no-referrer"},
        {"method": "HEAD"},
        {"method": "OPTIONS"},
        {"method": "PATCH", "body": body},
    ]
    calls = [(f"{base}/", {**call, "mode": mode}) for call in bodies for mode in ("cors", "no-cors", "same-origin")]
    deletion = f"<Delete><Object><Key>{KEY}</Key></Object></Delete>"
    for mode in ("cors", "no-cors"):
        calls.append((f"{base}/{BUCKET}?delete", {"method": "POST", "body": deletion, "mode": mode}))
        calls.append((f"{base}/{BUCKET}/{KEY}", {"method": "DELETE", "mode": mode}))
        calls.append((f"{base}/{BUCKET}/harm", {"method": "PUT", "body": "evil", "mode": mode}))
    return calls
