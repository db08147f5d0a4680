"""LocalStack ends an idle execution environment with a timer, whose thread could hold up its own end for minutes."""

from threading import Timer

from localstack.services.lambda_.invocation import execution_environment

from localstack_plugin.replacing import replace


class DaemonTimer(Timer):
    def start(self) -> None:
        self.daemon = True
        super().start()


def install() -> None:
    replace(execution_environment, "Timer", DaemonTimer)
