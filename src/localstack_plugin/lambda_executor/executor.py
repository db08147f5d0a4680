"""LocalStack's runtime executor `process`. LocalStack creates one for each execution environment."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from localstack_plugin.lambda_executor import client_context
from localstack_plugin.lambda_executor.code_changes import WatchedCode
from localstack_plugin.lambda_executor.errors import InvocationError
from localstack_plugin.lambda_executor.execution_environment import Event, ExecutionEnvironment, Function
from localstack_plugin.lambda_executor.interpreters import interpreter_of
from localstack_plugin.lambda_executor.layers import layers_of, prepare_layers, remove_layers
from localstack_plugin.lambda_executor.notices import notices_of
from localstack_plugin.lambda_executor.process.folders import folders_of
from localstack_plugin.lambda_executor.process.function_process import make_scratch, remove_scratch
from localstack_plugin.lambda_executor.process.start import sandbox, seen_by_function
from localstack_plugin.lambda_executor.process.variables import process_variables
from localstack_plugin.settings import from_environment

LOOPBACK = "127.0.0.1"
INIT_TIMEOUT_S = 10.0
"""Lambda's limit. A longer initialization continues in the first invocation, within the function's timeout."""


class ProcessRuntimeExecutor(RuntimeExecutor):
    """An execution environment whose function is a child process."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:  # noqa: A002 - the base class's name
        super().__init__(id=id, function_version=function_version)
        self._scratch = make_scratch()
        self._environment: ExecutionEnvironment | None = None

    def start(self, env_vars: dict[str, Any]) -> None:
        """Start the process. A failed initialization is not raised: it becomes the first invocation's outcome."""
        config, settings = self.function_version.config, from_environment()
        code = Path(config.code.get_unzipped_code_location())
        interpreter = interpreter_of(config.runtime)
        folders = folders_of(self._scratch, code, layers_of(self.function_version), settings.lambda_packages)
        seen, has_own_tmp = seen_by_function(sandbox(), folders), bool(sandbox().availability)
        function = Function(
            handler=config.handler,
            version=self.function_version.id.qualifier,
            memory_size_mb=config.memory_size,
            timeout_s=config.timeout,
            interpreter=interpreter,
            notices=notices_of(self.function_version.qualified_arn, config.runtime, interpreter, sandbox()),
            code=WatchedCode(code) if config.code.is_hot_reloading() else None,
        )
        variables = process_variables(env_vars, config.runtime, interpreter, seen, settings, has_own_tmp)
        self._environment = ExecutionEnvironment(function, folders, self._scratch, variables, sandbox())
        with suppress(InvocationError):
            self._environment.initialize(INIT_TIMEOUT_S)

    def stop(self) -> None:
        if self._environment is not None:
            self._environment.stop()
        remove_scratch(self._scratch)

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        assert self._environment is not None, "LocalStack invokes an executor only after its start"
        event = Event(
            request_id=payload["invoke-id"],
            function_arn=payload["invoked-function-arn"],
            trace_id=payload["trace-id"],
            payload=payload["payload"].encode(),
            client_context=client_context.CURRENT.get(),
        )
        completion = self._environment.invoke(event)
        outcome = completion.outcome
        return InvocationResult(event.request_id, outcome.payload, outcome.is_error, completion.log)

    def get_address(self) -> str:
        return LOOPBACK

    def get_endpoint_from_executor(self) -> str:
        return LOOPBACK

    def get_runtime_endpoint(self) -> str:
        """Return nothing: LocalStack's runtime binary would report there, and is not used."""
        return ""

    def get_logs(self) -> str:
        """Return nothing: LocalStack only prints it, and every invocation returns its own log."""
        return ""

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        function_version.config.code.prepare_for_execution()
        prepare_layers(function_version)

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Remove what LocalStack does not know of: it deletes the directories of code and layers."""
        remove_layers(function_version)
