"""The entry points. LocalStack imports this module early, so each imports what it needs when it is loaded."""

from localstack import config
from localstack.runtime import hooks
from localstack.runtime.server.core import RuntimeServer, RuntimeServerPlugin
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.plugins import Service, aws_provider


@aws_provider(api="sagemaker")
def sagemaker() -> Service:
    from localstack_plugin.forward import forwarded_service
    from localstack_plugin.settings import from_environment

    return forwarded_service("sagemaker", from_environment().sagemaker_endpoint_url)


@aws_provider(api="sagemaker-runtime")
def sagemaker_runtime() -> Service:
    from localstack_plugin.forward import forwarded_service
    from localstack_plugin.settings import from_environment

    return forwarded_service("sagemaker-runtime", from_environment().sagemaker_endpoint_url)


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    name = "process"

    def load(self) -> type:
        from localstack_plugin.lambda_executor import keep_alive, open_files
        from localstack_plugin.lambda_executor.executor import ProcessRuntimeExecutor

        keep_alive.install()
        open_files.raise_limit()
        return ProcessRuntimeExecutor


class LoopbackServerPlugin(RuntimeServerPlugin):
    name = "loopback"

    def load(self) -> RuntimeServer:
        from localstack_plugin.server import LoopbackRuntimeServer

        return LoopbackRuntimeServer()


class ContainerServerPlugin(RuntimeServerPlugin):
    name = "container"

    def load(self) -> RuntimeServer:
        from localstack_plugin.server import ContainerRuntimeServer

        return ContainerRuntimeServer()


@hooks.on_infra_start()
def add_sagemaker_to_step_functions() -> None:
    from localstack_plugin import distributed_map, event_targets, s3_event_keys, step_functions

    step_functions.install()
    distributed_map.install()
    event_targets.install()
    s3_event_keys.install()


@hooks.on_infra_start()
def keep_to_own_folders() -> None:
    from localstack_plugin import s3_folder

    s3_folder.install()


@hooks.on_infra_start()
def spare_work() -> None:
    from localstack_plugin import (
        assumed_roles,
        copied_values,
        direct_invoke,
        internal_calls,
        lambda_logs,
        lambda_metrics,
        parsed_once,
        unheard_events,
    )

    for shortcut in (
        assumed_roles,
        copied_values,
        direct_invoke,
        internal_calls,
        lambda_logs,
        lambda_metrics,
        parsed_once,
        unheard_events,
    ):
        shortcut.install()


@hooks.on_infra_start(should_load=lambda: ProcessExecutorPlugin.name == config.LAMBDA_RUNTIME_EXECUTOR)
def refuse_functions_that_are_not_python() -> None:
    from localstack.aws.handlers import serve_custom_service_request_handlers

    from localstack_plugin.lambda_executor import warm_environments
    from localstack_plugin.lambda_executor.admission import refuse_unless_python

    warm_environments.install()
    serve_custom_service_request_handlers.append(refuse_unless_python)
