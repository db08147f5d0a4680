"""The invocation of a function's version by an account that is far from all limits.

LocalStack first adds up what every function of the account reserves, has provisioned and is running, and afterwards
renders debug messages and describes a thread for the metrics. Where nothing is reserved or provisioned and fewer
invocations run than the account may have, the sum cannot matter.
"""

import logging
from collections.abc import Callable
from functools import wraps

from localstack import config
from localstack.services.lambda_.invocation import version_manager
from localstack.services.lambda_.invocation.counting_service import ConcurrencyTracker
from localstack.services.lambda_.invocation.lambda_models import Invocation, InvocationResult
from localstack.services.lambda_.invocation.models import lambda_stores
from localstack.services.lambda_.invocation.version_manager import LambdaVersionManager
from localstack.utils.bootstrap import is_api_enabled

from localstack_plugin.lambda_executor.warm_environments.assignment import ON_DEMAND
from localstack_plugin.replacing import wrap

Invoke = Callable[..., InvocationResult]


def install() -> None:
    if not is_api_enabled("cloudwatch"):  # then LocalStack's metrics need their thread, to fail in
        return
    wrap(
        "localstack.services.lambda_.invocation.version_manager:LambdaVersionManager.invoke",
        wrapper=far_from_limits,
        why="LocalStack counts the concurrency of all functions in every invocation, and renders messages that it does "
        "not log. Where an account reserves nothing and is below its limit, both are left out.",
    )


def far_from_limits(invoke: Invoke) -> Invoke:
    @wraps(invoke)
    def invoke_version(manager: LambdaVersionManager, *, invocation: Invocation) -> InvocationResult:
        tracker = leased(manager)
        if tracker is None:
            return invoke(manager, invocation=invocation)
        try:
            return invoked(manager, invocation)
        finally:
            tracker.atomic_decrement(manager.function_version.id.unqualified_arn())

    return invoke_version


def leased(manager: LambdaVersionManager) -> ConcurrencyTracker | None:
    """Count the invocation as running, and return the counts; None if LocalStack has to decide whether it may run."""
    version = manager.function_version.id
    tracker = manager.counting_service.on_demand_concurrency_trackers.get((version.account, version.region))
    is_special = manager.shutdown_event.is_set() or manager.ldm_provisioner or manager.function is None
    if tracker is None or is_special or version_manager.LOG.isEnabledFor(logging.DEBUG):
        return None
    with tracker.lock:
        if not is_far_from_limits(version.account, version.region, tracker):
            return None
        tracker.increment(version.unqualified_arn())
    return tracker


def is_far_from_limits(account: str, region: str, tracker: ConcurrencyTracker) -> bool:
    for function in list(lambda_stores[account][region].functions.values()):
        if function.reserved_concurrent_executions is not None or function.provisioned_concurrency_configs:
            return False
    return bool(sum(tracker.concurrent_executions.values()) < config.LAMBDA_LIMITS_CONCURRENT_EXECUTIONS)


def invoked(manager: LambdaVersionManager, invocation: Invocation) -> InvocationResult:
    version = manager.function_version
    with manager.assignment_service.get_environment(manager.id, version, ON_DEMAND) as environment:
        result = environment.invoke(invocation)
        result.executed_version = version.id.qualifier
        manager.store_logs(invocation_result=result, execution_env=environment)
    record = version_manager.record_cw_metric_error if result.is_error else version_manager.record_cw_metric_invocation
    record(version.id.function_name, version.id.account, version.id.region)
    return result
