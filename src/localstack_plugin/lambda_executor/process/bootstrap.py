"""The program of a function's process: AWS's runtime client, which ends with the server that started it.

It is started by path, without `site` and without this file's directory on `sys.path`:
`python -S -P bootstrap.py <handler>`. It must import nothing but the standard library before the function's own
directory leads `sys.path`, as on AWS; therefore the runtime client is imported inside `main`.
"""

import os
import signal
import sys
import threading

SERVER_PIPE = "SCONES_LAMBDA_SERVER_PIPE"
"""The reading end of a pipe whose writing end only the server holds. It reads as ended once the server is gone, even
after SIGKILL."""


def end_with_server(pipe: int) -> None:
    os.read(pipe, 1)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def main() -> None:
    pipe = int(os.environ.pop(SERVER_PIPE))
    threading.Thread(target=end_with_server, args=(pipe,), daemon=True).start()
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    sys.path.append(os.environ["LAMBDA_RUNTIME_DIR"])

    from awslambdaric.__main__ import main as run_runtime_client

    run_runtime_client(sys.argv)


if __name__ == "__main__":
    main()
