"""Functions that tests deploy and invoke."""

import io
import json
import zipfile
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

ROLE = "arn:aws:iam::000000000000:role/lambda"
EXECUTABLE = 0o100755
"""The mode of an executable file: a wrapper script has to be one."""


@dataclass(frozen=True)
class Answer:
    payload: Any
    error: str | None
    log: str


@dataclass(frozen=True)
class Function:
    client: Any
    name: str

    def invoke(self, event: object = None) -> Answer:
        response = self.client.invoke(FunctionName=self.name, Payload=json.dumps(event), LogType="Tail")
        payload = json.loads(response["Payload"].read())
        return Answer(payload, response.get("FunctionError"), b64decode(response["LogResult"]).decode())

    def wait(self, name: str = "function_updated_v2") -> None:
        self.client.get_waiter(name).wait(FunctionName=self.name, WaiterConfig={"Delay": 1})


Deploy = Callable[..., Function]


def archive(code: str | Mapping[str, str]) -> bytes:
    """Return a zip archive of `app.py`, or of several files by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, text in ({"app.py": code} if isinstance(code, str) else code).items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = EXECUTABLE << 16
            file.writestr(entry, text)
    return buffer.getvalue()
