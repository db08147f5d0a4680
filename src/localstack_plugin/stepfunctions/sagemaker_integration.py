"""Step Functions' integrations with SageMaker (docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html)."""

from collections.abc import Callable
from typing import Any

from botocore import xform_name
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from localstack.aws.api.stepfunctions import HistoryEventType, TaskFailedEventDetails
from localstack.aws.spec import load_service
from localstack.services.stepfunctions.asl.component.common.error_name.custom_error_name import CustomErrorName
from localstack.services.stepfunctions.asl.component.common.error_name.error_name import ErrorName
from localstack.services.stepfunctions.asl.component.common.error_name.failure_event import FailureEvent
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name import StatesErrorName
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.credentials import (
    StateCredentials,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service import (
    state_task_service,
    state_task_service_aws_sdk,
    state_task_service_callback,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service.resource import (
    ResourceCondition,
    ResourceRuntimePart,
)
from localstack.services.stepfunctions.asl.eval.callback.callback import (
    CallbackEndpoint,
    CallbackOutcome,
    HeartbeatEndpoint,
)
from localstack.services.stepfunctions.asl.eval.environment import Environment
from localstack.services.stepfunctions.asl.eval.event.event_detail import EventDetails
from localstack.services.stepfunctions.asl.utils.boto_client import boto_client_for
from localstack.services.stepfunctions.asl.utils.encoding import to_json_str

from localstack_plugin.replacing import replace, wrap
from localstack_plugin.stepfunctions.sagemaker_errors import error_cause, error_name
from localstack_plugin.stepfunctions.sagemaker_jobs import SYNCHRONOUS, Job, JobFailed

REQUEST_RESPONSE_ACTIONS = frozenset(
    {
        "CreateEndpoint",
        "CreateEndpointConfig",
        "CreateHyperParameterTuningJob",
        "CreateLabelingJob",
        "CreateModel",
        "CreateProcessingJob",
        "CreateTrainingJob",
        "CreateTransformJob",
        "UpdateEndpoint",
    }
)
# AWS SDK integrations: the service in a resource, in botocore, and in the name of an error
SDK_NAMES = {"sagemakerruntime": ("sagemaker-runtime", "SageMakerRuntime")}
ServiceFactory = Callable[[str], state_task_service.StateTaskService]


def install() -> None:
    service, sdk = state_task_service.StateTaskService, state_task_service_aws_sdk
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service"
        ".state_task_service:StateTaskService._SERVICE_NAME_SFN_TO_BOTO_OVERRIDES",
        by=service._SERVICE_NAME_SFN_TO_BOTO_OVERRIDES | {sfn: boto for sfn, (boto, _) in SDK_NAMES.items()},
        why="LocalStack looks for botocore's `sagemakerruntime` in `aws-sdk:sagemakerruntime:invokeEndpoint`. Its name "
        "there is `sagemaker-runtime`.",
    )
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service"
        ".state_task_service_aws_sdk:_SERVICE_ERROR_NAMES",
        by=sdk._SERVICE_ERROR_NAMES | {sfn: error for sfn, (_, error) in SDK_NAMES.items()},
        why="LocalStack does not know how AWS spells that service in the names of its errors: `SageMakerRuntime`.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service"
        ".state_task_service_factory:state_task_service_for",
        # this module has imported the function by name
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task"
        ".state_task_factory:state_task_service_for",
        wrapper=with_sagemaker,
        why="LocalStack has no optimized integration with SageMaker: `sagemaker:createTrainingJob.sync` creates the "
        "job, then the execution fails, and no Catch sees it. The integration is added, with `.sync` and AWS's "
        "error names.",
    )


def with_sagemaker(original: ServiceFactory) -> ServiceFactory:
    def state_task_service_for(service_name: str) -> state_task_service.StateTaskService:
        return StateTaskServiceSageMaker() if service_name == "sagemaker" else original(service_name)

    return state_task_service_for


class StateTaskServiceSageMaker(state_task_service_callback.StateTaskServiceCallback):
    """`arn:aws:states:::sagemaker:<action>`, with `.sync` or without.

    AWS does not support a task token here. It is among the patterns because LocalStack's `.sync` needs the callback
    endpoint that comes with it; `_get_supported_parameters` refuses it.
    """

    def __init__(self) -> None:
        super().__init__(supported_integration_patterns={ResourceCondition.Sync, ResourceCondition.WaitForTaskToken})

    def _get_supported_parameters(self) -> set[str] | None:
        """Return the parameters, or None to refuse the state machine with LocalStack's message."""
        action, condition = self._action(), self.resource.condition
        synchronous = condition == ResourceCondition.Sync and action.removeprefix("Create") in SYNCHRONOUS
        if not synchronous and (condition is not None or action not in REQUEST_RESPONSE_ACTIONS):
            return None
        return set(load_service("sagemaker").operation_model(action).input_shape.members)

    def _action(self) -> str:
        action: str = self.resource.api_action
        return action[:1].upper() + action[1:]

    def _client(self, part: ResourceRuntimePart, credentials: StateCredentials) -> BaseClient:
        return boto_client_for(service="sagemaker", region=part.region, state_credentials=credentials)

    def _eval_service_task(
        self,
        env: Environment,
        resource_runtime_part: ResourceRuntimePart,
        normalised_parameters: dict[str, Any],
        state_credentials: StateCredentials,
    ) -> None:
        client = self._client(resource_runtime_part, state_credentials)
        response = getattr(client, xform_name(self._action()))(**normalised_parameters)
        response.pop("ResponseMetadata", None)
        env.stack.append(response)

    def _build_sync_resolver(
        self,
        env: Environment,
        resource_runtime_part: ResourceRuntimePart,
        normalised_parameters: dict[str, Any],
        state_credentials: StateCredentials,
    ) -> Job:
        env.stack.pop()  # the answer to Create; the job's description takes its place
        kind = self._action().removeprefix("Create")
        client = self._client(resource_runtime_part, state_credentials)
        return Job(client, kind, normalised_parameters[f"{kind}Name"])

    def _eval_sync(
        self,
        env: Environment,
        sync_resolver: Job,
        timeout_seconds: int | None,
        callback_endpoint: CallbackEndpoint | None,
        heartbeat_endpoint: HeartbeatEndpoint | None,
    ) -> CallbackOutcome | dict[str, Any]:
        """Wait for the job. If the execution is stopped or the task times out, stop the job, as AWS does."""
        outcome = super()._eval_sync(env, sync_resolver, timeout_seconds, callback_endpoint, heartbeat_endpoint)
        if not isinstance(outcome, dict):
            sync_resolver.stop()
        return outcome

    def _from_error(self, env: Environment, ex: Exception) -> FailureEvent:
        if isinstance(ex, JobFailed):
            return self._failure(
                env, StatesErrorName(StatesErrorNameType.StatesTaskFailed), to_json_str(ex.description)
            )
        if isinstance(ex, ClientError):
            return self._failure(env, CustomErrorName(error_name(ex, modeled_error_codes())), error_cause(ex))
        return super()._from_error(env=env, ex=ex)

    def _failure(self, env: Environment, error: ErrorName, cause: str) -> FailureEvent:
        details = TaskFailedEventDetails(
            error=error.error_name,
            cause=cause,
            resource=self._get_sfn_resource(),
            resourceType=self._get_sfn_resource_type(),
        )
        return FailureEvent(
            env=env,
            error_name=error,
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(taskFailedEventDetails=details),
        )


def modeled_error_codes() -> set[str]:
    return {shape.error_code for shape in load_service("sagemaker").error_shapes}
