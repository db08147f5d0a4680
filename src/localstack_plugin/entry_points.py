"""The entry points that LocalStack finds by name in pyproject.toml.

LocalStack imports this module while it starts, long before its services: imports inside the functions keep a start from
loading what it does not use, and from changing the order in which LocalStack's services are loaded.
"""

from localstack import config
from localstack.runtime import hooks
from localstack.runtime.server.core import RuntimeServer, RuntimeServerPlugin
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.plugins import Service, aws_provider


@aws_provider(api="application-autoscaling")
def application_autoscaling() -> Service:
    from localstack_plugin.gateway.forwarding import forwarded_service
    from localstack_plugin.settings import from_environment

    return forwarded_service("application-autoscaling", from_environment().sagemaker_endpoint_url)


@aws_provider(api="sagemaker")
def sagemaker() -> Service:
    from localstack_plugin.gateway.forwarding import forwarded_service
    from localstack_plugin.settings import from_environment

    return forwarded_service("sagemaker", from_environment().sagemaker_endpoint_url)


@aws_provider(api="sagemaker-runtime")
def sagemaker_runtime() -> Service:
    from localstack_plugin.gateway.forwarding import forwarded_service
    from localstack_plugin.settings import from_environment

    return forwarded_service("sagemaker-runtime", from_environment().sagemaker_endpoint_url)


@aws_provider(api="sagemaker-metrics")
def sagemaker_metrics() -> Service:
    from localstack_plugin.gateway.forwarding import forwarded_service
    from localstack_plugin.settings import from_environment

    return forwarded_service("sagemaker-metrics", from_environment().sagemaker_endpoint_url)


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    name = "process"

    def load(self) -> type:
        from localstack_plugin.lambda_executor.executor import ProcessRuntimeExecutor
        from localstack_plugin.lambda_executor.process import start
        from localstack_plugin.lambda_executor.warm_environments import idle_timers
        from safety import open_files

        idle_timers.install()
        open_files.raise_limit()
        start.sandbox()  # its start takes some 40 ms, which no function should wait for
        return ProcessRuntimeExecutor


class LoopbackServerPlugin(RuntimeServerPlugin):
    name = "loopback"

    def load(self) -> RuntimeServer:
        from localstack_plugin.gateway.server import LoopbackRuntimeServer

        return LoopbackRuntimeServer()


class ContainerServerPlugin(RuntimeServerPlugin):
    name = "container"

    def load(self) -> RuntimeServer:
        from localstack_plugin.gateway.server import ContainerRuntimeServer

        return ContainerRuntimeServer()


PLAIN_HTTP_SERVERS = (LoopbackServerPlugin.name, ContainerServerPlugin.name)


@hooks.on_infra_start()
def add_sagemaker_to_step_functions() -> None:
    from localstack_plugin.stepfunctions import reserved_errors, role_arn_parameter, sagemaker_integration

    sagemaker_integration.install()
    role_arn_parameter.install()
    reserved_errors.install()


@hooks.on_infra_start()
def follow_the_states_language() -> None:
    from localstack_plugin.stepfunctions import lambda_output, variables
    from localstack_plugin.stepfunctions.choices import rules
    from localstack_plugin.stepfunctions.definitions import heartbeats, json_text, query_language_scopes
    from localstack_plugin.stepfunctions.errors import failed_entries, lost_workers, stopped_tasks, task_failures
    from localstack_plugin.stepfunctions.executions import (
        alias_executions,
        compact_json,
        descriptions,
        evaluated_states,
        failure_lines,
        input_text,
        limits,
        listings,
        redrive,
        tested_states,
        waits,
    )
    from localstack_plugin.stepfunctions.histories import limit, pages
    from localstack_plugin.stepfunctions.intrinsics import evaluation
    from localstack_plugin.stepfunctions.jsonata import expected_types, expressions
    from localstack_plugin.stepfunctions.paths import extraction, whole_values
    from localstack_plugin.stepfunctions.validation import operation

    for module in (
        query_language_scopes,
        json_text,
        heartbeats,
        compact_json,
        extraction,
        whole_values,
        variables,
        evaluation,
        expressions,
        expected_types,
        rules,
        stopped_tasks,
        task_failures,
        lost_workers,
        limit,
        pages,
        failed_entries,
        lambda_output,
        limits,
        evaluated_states,  # before redrive, which wraps the same
        descriptions,
        failure_lines,
        input_text,
        listings,
        redrive,
        tested_states,
        waits,
        alias_executions,
        operation,
    ):
        module.install()


@hooks.on_infra_start()
def create_the_execution_role() -> None:
    from localstack_plugin.iam import execution_role

    execution_role.install()


@hooks.on_infra_start()
def simulate_policies() -> None:
    from localstack_plugin.iam import policy_simulation

    policy_simulation.install()


@hooks.on_infra_start()
def complete_the_distributed_map() -> None:
    from localstack_plugin.stepfunctions.distributed_map import items_and_results, workers

    workers.install()
    items_and_results.install()


@hooks.on_infra_start()
def route_sagemaker_metrics() -> None:
    from localstack_plugin.gateway import sagemaker_routes

    sagemaker_routes.install()


@hooks.on_infra_start()
def allow_own_pages() -> None:
    from localstack_plugin.gateway import own_pages

    own_pages.install()


@hooks.on_infra_start()
def refuse_unknown_services_by_name() -> None:
    from localstack_plugin.gateway import sibling_services

    sibling_services.install()


@hooks.on_infra_start()
def correct_events() -> None:
    from localstack_plugin.events import quiet_log, state_machine_targets
    from localstack_plugin.s3 import event_messages

    quiet_log.install()
    state_machine_targets.install()
    event_messages.install()


@hooks.on_infra_start()
def evaluate_alarms() -> None:
    from localstack_plugin.cloudwatch import (
        alarm_evaluation,
        datapoints,
        extended_statistics,
        percentiles,
        period_statistics,
        stored_metrics,
    )
    from localstack_plugin.settings import from_environment

    stored_metrics.install()
    datapoints.install()
    period_statistics.install()
    percentiles.install()
    extended_statistics.install()
    alarm_evaluation.install(from_environment().alarm_interval_s)


@hooks.on_infra_start()
def correct_lambda() -> None:
    from localstack_plugin.lambda_executor import client_context
    from localstack_plugin.lambda_executor.requests import (
        function_urls,
        log_tail,
        payload_check,
        response_streams,
    )
    from localstack_plugin.lambda_logging import event_filters, log_groups

    event_filters.install()
    log_groups.install()
    client_context.install()
    function_urls.install()
    log_tail.install()
    payload_check.install()
    response_streams.install()


@hooks.on_infra_start(should_load=lambda: config.GATEWAY_SERVER in PLAIN_HTTP_SERVERS)
def make_no_certificate() -> None:
    from localstack_plugin.gateway import certificate

    certificate.install()


@hooks.on_infra_start()
def prepare_the_end() -> None:
    from localstack_plugin.gateway import ending

    ending.install()


# runs after all other hooks, so that services begin with what those replace
@hooks.on_infra_start(priority=-100)
def keep_state() -> None:
    from localstack_plugin.settings import from_environment

    if folder := from_environment().state_folder:
        from localstack_plugin.persistence.installation import installed

        installed(folder)


@hooks.on_infra_ready()
def prepare_first_requests() -> None:
    from localstack_plugin.gateway import first_requests

    first_requests.prepare()


# runs before all other hooks, so that their time counts
@hooks.on_infra_shutdown(priority=100)
def end_in_time() -> None:
    from localstack_plugin.gateway import ending
    from localstack_plugin.settings import from_environment

    if folder := from_environment().state_folder:
        from localstack_plugin.persistence.installation import installed

        ending.end_in_time(installed(folder).save)
    else:
        ending.end_in_time()


@hooks.on_infra_start()
def correct_s3() -> None:
    from localstack_plugin.s3 import (
        answer_headers,
        closed_operations,
        conditions,
        configurations,
        listings,
        public_buckets,
        quick_reads,
        signatures,
        whole_writes,
    )

    answer_headers.install()
    closed_operations.install()
    conditions.install()
    configurations.install()
    listings.install()
    public_buckets.install()
    quick_reads.install()
    signatures.install()
    whole_writes.install()


@hooks.on_infra_start()
def keep_objects_in_own_folder() -> None:
    from localstack_plugin.s3 import object_folder

    object_folder.install()


@hooks.on_infra_start()
def spare_work() -> None:
    from localstack_plugin.events import unheard_events
    from localstack_plugin.gateway.handler_chain import (
        absent_members,
        header_lookups,
        plain_requests,
        plain_values,
        remembered_paths,
    )
    from localstack_plugin.gateway.spared_work import (
        accepted_types,
        http_dates,
        in_memory_calls,
        internal_pages,
        long_lived_objects,
        response_log,
        service_index,
    )
    from localstack_plugin.lambda_logging import invocation_metrics, log_handler
    from localstack_plugin.stepfunctions import assumed_roles, copied_values, direct_invoke, parsed_once
    from localstack_plugin.stepfunctions.executions import one_thread, plain_machines, reused_threads

    for module in (
        absent_members,
        accepted_types,
        assumed_roles,
        copied_values,
        direct_invoke,
        header_lookups,
        http_dates,
        in_memory_calls,
        internal_pages,
        invocation_metrics,
        log_handler,
        long_lived_objects,
        one_thread,
        parsed_once,
        plain_machines,
        plain_requests,
        plain_values,
        remembered_paths,
        response_log,
        reused_threads,
        service_index,
        unheard_events,
    ):
        module.install()


@hooks.on_infra_start(should_load=lambda: ProcessExecutorPlugin.name == config.LAMBDA_RUNTIME_EXECUTOR)
def prepare_lambda_for_processes() -> None:
    from localstack.aws.handlers import serve_custom_service_request_handlers

    from localstack_plugin.lambda_executor.requests import newest_runtimes
    from localstack_plugin.lambda_executor.requests.configuration_check import check_configuration
    from localstack_plugin.lambda_executor.warm_environments import assignment, version_invocation

    assignment.install()
    version_invocation.install()
    newest_runtimes.install()
    serve_custom_service_request_handlers.append(check_configuration)
