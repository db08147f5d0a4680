"""The classes of which each service's state consists.

A state contains no others. Values such as locks, which `renewal` can create anew, are left out; any other value of an
unknown class is an error while saving, so that nothing is lost without a message.
"""

import inspect
from enum import Enum
from functools import lru_cache
from importlib import import_module

from localstack_plugin.persistence.graph.document import Vocabulary

CHANGE_SET_MODEL = "localstack.services.cloudformation.engine.v2.change_set_model"
MAP_RUNS = (
    "localstack.services.stepfunctions.asl.component.state.state_execution.state_map.iteration"
    ".itemprocessor.map_run_record"
)
LAMBDA_MODELS = (
    "AliasRoutingConfig CodeSigningConfig DeadLetterConfig EventInvokeConfig FileSystemConfig Function "
    "FunctionResourcePolicy FunctionUrlConfig FunctionVersion HotReloadingCode ImageCode ImageConfig "
    "LambdaEphemeralStorage Layer LayerPolicy LayerPolicyStatement LayerVersion ProvisionedConcurrencyConfiguration "
    "ResourcePolicy S3Code UpdateStatus VersionAlias VersionFunctionConfiguration VersionIdentifier VersionState "
    "VpcConfig"
)
IAM_MODELS = (
    "AWSManagedPolicy AccessKey AccessKeyLastUsed AccountPasswordPolicy Certificate Group InlinePolicy InstanceProfile "
    "MFADevice ManagedPolicy OpenIDConnectProvider PolicyVersion Role SAMLProvider SigningCertificate SshPublicKey "
    "User VirtualMfaDevice"
)
CHANGE_SET_NODES = (
    "NodeArray NodeCondition NodeConditions NodeDependsOn NodeDivergence NodeForEach NodeGlobalTransform "
    "NodeIntrinsicFunction NodeIntrinsicFunctionFnTransform NodeMapping NodeMappings NodeObject NodeOutput NodeOutputs "
    "NodeParameter NodeParameters NodeProperties NodeProperty NodeResource NodeResources NodeTemplate NodeTransform "
    "TerminalValueCreated TerminalValueModified TerminalValueRemoved TerminalValueUnchanged UpdateModel"
)

OBJECTS: dict[str, dict[str, str]] = {
    "s3": {
        "localstack.services.s3.models": "KeyStore S3Bucket S3DeleteMarker S3Multipart S3Object S3Part "
        "VersionedKeyStore",
        "localstack.utils.tagging": "TaggingService",
    },
    "lambda": {
        "localstack.services.lambda_.invocation.lambda_models": LAMBDA_MODELS,
        "localstack.utils.tagging": "TaggingService",
    },
    "stepfunctions": {
        "localstack.services.stepfunctions.backend.state_machine": "StateMachineRevision StateMachineVersion "
        "TagManager",
        "localstack.services.stepfunctions.backend.alias": "Alias",
        "localstack.services.stepfunctions.backend.activity": "Activity ActivityTask",
        "localstack.services.stepfunctions.backend.execution": "Execution",
        "localstack.services.stepfunctions.asl.eval.event.logging": "CloudWatchLoggingConfiguration",
        "localstack_plugin.stepfunctions.executions.redrive": "EnteredState Redrives",
        MAP_RUNS: "Counter ExecutionCounter ItemCounter MapRunRecord",
    },
    "iam": {"moto.iam.models": IAM_MODELS, "moto.utilities.tagging_service": "TaggingService"},
    "sts": {"moto.sts.models": "AssumedRole", "moto.iam.models": "AccessKey AccessKeyLastUsed"},
    "sqs": {
        "localstack.services.sqs.models": "FifoQueue MessageGroup MessageMoveTask SqsMessage StandardQueue",
    },
    "sns": {"moto.sns.models": "PlatformApplication PlatformEndpoint Topic"},
    "events": {
        "localstack.services.events.models": "ApiDestination Archive Connection EventBus Replay Rule",
        "localstack.utils.tagging": "TaggingService",
    },
    "logs": {
        "moto.logs.models": "Delivery DeliveryDestination DeliverySource Destination ExportTask LogEvent LogGroup "
        "LogQuery LogResourcePolicy LogStream SubscriptionFilter",
        "moto.logs.metric_filters": "MetricFilters",
        "moto.utilities.tagging_service": "TaggingService",
    },
    "cloudwatch": {
        "localstack.services.cloudwatch.models": "LocalStackCompositeAlarm LocalStackDashboard LocalStackMetricAlarm",
        "localstack.utils.tagging": "TaggingService",
    },
    "cloudformation": {
        "localstack.services.cloudformation.engine.entities": "Stack StackChangeSet StackInstance StackSet",
        "localstack.services.cloudformation.v2.entities": "ChangeSet Stack StackInstance StackSet",
        CHANGE_SET_MODEL: CHANGE_SET_NODES,
        f"{CHANGE_SET_MODEL}_preproc": "PreprocEntityDelta PreprocOutput PreprocProperties PreprocResource",
    },
}
TEXTS: dict[str, dict[str, str]] = {
    "cloudformation": {CHANGE_SET_MODEL: "Scope"},
    "sqs": {"localstack.services.sqs.models": "MessageMoveTaskStatus"},
}
PLAIN: dict[str, dict[str, str]] = {"stepfunctions": {"localstack_plugin.stepfunctions.lambda_output": "Invocation"}}
ENUMS: dict[str, tuple[str, ...]] = {
    "lambda": ("localstack.aws.api.lambda_", "localstack.services.lambda_.event_source_mapping.esm_worker"),
    "cloudformation": ("localstack.aws.api.cloudformation", CHANGE_SET_MODEL),
}
"""Modules whose enums are values of a service, where that is not only `localstack.aws.api.<service>`."""


@lru_cache
def vocabulary(service: str) -> Vocabulary:
    modules = ENUMS.get(service, (f"localstack.aws.api.{service}",))
    return Vocabulary(
        objects=_classes(OBJECTS[service]),
        enums={name: cls for module in modules for name, cls in _enums(module).items()},
        texts=_classes(TEXTS.get(service, {})),
        plain=_classes(PLAIN.get(service, {})),
    )


def _classes(names: dict[str, str]) -> dict[str, type]:
    return {
        f"{module}:{name}": getattr(import_module(module), name)
        for module, listed in names.items()
        for name in listed.split()
    }


def _enums(module: str) -> dict[str, type]:
    members = inspect.getmembers(import_module(module), inspect.isclass)
    return {f"{module}:{name}": cls for name, cls in members if issubclass(cls, Enum) and cls.__module__ == module}
