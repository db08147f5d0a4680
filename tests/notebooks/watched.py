"""Run a program, and report every host that it asked for or connected to.

    python watched.py PROGRAM

The last line of the output is JSON: the program's `result`, the hosts, and the seconds that it took. This file runs in
environments that have only an SDK.
"""

import json
import runpy
import sys
import time

STARTED = time.monotonic()
hosts: set[str] = set()


def watch(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        hosts.add(str(address[0]) if isinstance(address, tuple) else "a local socket")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        hosts.add(str(arguments[0]))


sys.addaudithook(watch)
try:
    result = runpy.run_path(sys.argv[1])["result"]
except Exception as error:  # noqa: BLE001 (the report says it)
    result = repr(error)
print("\n" + json.dumps({"result": result, "hosts": sorted(hosts), "seconds": time.monotonic() - STARTED}))
