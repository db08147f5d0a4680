"""Run a program, and report every host that it asked for or connected to, and the time that it took.

    python watched.py PROGRAM

The last line of the output is JSON: the program's `result`, the hosts, and the seconds of the imports at its top and
of the lines after them. This file runs in environments that have only an SDK.
"""

from __future__ import annotations

import ast
import json
import sys
import time
from pathlib import Path

hosts: set[str] = set()


def watch(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        hosts.add(str(address[0]) if isinstance(address, tuple) else "a local socket")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        hosts.add(str(arguments[0]))


def parts(program: str) -> tuple[ast.Module, ast.Module]:
    """Return the lines of a program up to its first statement that is no import or docstring, and the others."""
    statements = ast.parse(Path(program).read_text()).body
    is_import = [isinstance(each, ast.Import | ast.ImportFrom | ast.Expr) for each in statements]
    first = is_import.index(False) if False in is_import else len(statements)
    return ast.Module(statements[:first], []), ast.Module(statements[first:], [])


def seconds_of(part: ast.Module, program: str, names: dict[str, object]) -> float:
    started = time.monotonic()
    exec(compile(part, program, "exec"), names)  # noqa: S102 (the program that was named)
    return time.monotonic() - started


def main(program: str) -> None:
    names: dict[str, object] = {"__name__": "__main__", "__file__": program}
    report: dict[str, object] = {}
    sys.addaudithook(watch)
    try:
        report["seconds"] = [seconds_of(part, program, names) for part in parts(program)]
        report["result"] = names["result"]
    except Exception as error:  # noqa: BLE001 (the report says it)
        report["result"] = repr(error)
    print("\n" + json.dumps({**report, "hosts": sorted(hosts)}))


if __name__ == "__main__":
    main(sys.argv[1])
