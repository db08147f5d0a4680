"""Run gunicorn with worker processes that each load the model and answer one request at a time.

It is the server of AWS's scikit-learn and XGBoost images, and pure Python. Its `sync` workers handle requests in their
main thread, where PyTorch's thread-local settings and signal handlers of model_fn still hold, and a free worker takes
the next connection, so that no connection waits while a worker is idle.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer

from frameworks.inference.messages import Service
from frameworks.serving.http_application import HttpApplication
from frameworks.serving.settings import ServingSettings

HEARTBEAT_S = 1.0
BACKLOG = 1024
LOG_FORMAT = "%(asctime)s %(levelname)s - %(name)s - %(message)s"


class HaltOnceArbiter(Arbiter):  # type: ignore[misc]
    """The parent of the workers. However many of them cannot load the model, the server ends once, with exit code 3.

    gunicorn 23 raises HaltServer in its handler of SIGCHLD. When a second worker fails while the first failure is being
    handled, that exception ends the parent with a traceback, exit code 1, and workers that are left running.
    """

    _is_halting = False

    def reap_workers(self) -> None:
        try:
            super().reap_workers()
        except HaltServer:
            if not self._is_halting:
                self._is_halting = True
                raise
            self.kill_workers(0)  # sends nothing; forgets the workers that have ended
            self.reap_workers()  # the exception left out the workers that ended at the same time


class Server(BaseApplication):  # type: ignore[misc]
    """A pre-fork server. `load_service` runs in each worker; if it fails, the server ends with exit code 3."""

    def __init__(self, settings: ServingSettings, load_service: Callable[[], Service]) -> None:
        self._settings, self._load_service = settings, load_service
        self._loaded = threading.Event()
        super().__init__()

    def run(self) -> None:
        HaltOnceArbiter(self).run()

    def load_config(self) -> None:
        options = {
            "bind": self._settings.address,
            "workers": self._settings.workers,
            "timeout": self._settings.timeout_s,
            "graceful_timeout": 30,  # SageMaker sends SIGKILL after 30 s
            "backlog": BACKLOG,
            "control_socket_disable": True,  # nothing but the port takes commands
            "post_fork": self._keep_worker_while_loading,
        }
        for name, value in options.items():
            if name in self.cfg.settings:  # not every version has all of them
                self.cfg.set(name, value)

    def load(self) -> HttpApplication:
        """Load the model, in a worker. If that fails, print the traceback, and end the server."""
        logging.basicConfig(format=LOG_FORMAT, level=logging.INFO, stream=sys.stdout)
        try:
            return HttpApplication(self._load_service())
        except BaseException:  # noqa: BLE001 - the edge of the worker: sys.exit in a user's module, too
            traceback.print_exc()
            sys.exit(Arbiter.WORKER_BOOT_ERROR)
        finally:
            self._loaded.set()

    def _keep_worker_while_loading(self, _: Arbiter, worker: Any) -> None:
        """Send the heartbeat for a worker that loads its model, because loading may take longer than `timeout_s`."""

        def beat() -> None:
            while not self._loaded.wait(HEARTBEAT_S):
                worker.notify()

        threading.Thread(target=beat, daemon=True).start()
