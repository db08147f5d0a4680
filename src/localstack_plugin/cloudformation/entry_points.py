"""The entry points of CloudFormation's part.

LocalStack imports this module while it starts: imports inside the functions keep a start from loading its services.
"""

from localstack.runtime import hooks
from localstack.services.cloudformation.resource_provider import (
    CloudFormationResourceProviderPlugin,
    ResourceProvider,
)


class DashboardPlugin(CloudFormationResourceProviderPlugin):
    name = "AWS::CloudWatch::Dashboard"

    def load(self) -> None:
        from localstack_plugin.cloudformation.dashboard import DashboardProvider

        self.factory: type[ResourceProvider] = DashboardProvider


class ModelPackageGroupPlugin(CloudFormationResourceProviderPlugin):
    name = "AWS::SageMaker::ModelPackageGroup"

    def load(self) -> None:
        from localstack_plugin.cloudformation.sagemaker.model_package_group import ModelPackageGroupProvider

        self.factory: type[ResourceProvider] = ModelPackageGroupProvider


class ModelPlugin(CloudFormationResourceProviderPlugin):
    name = "AWS::SageMaker::Model"

    def load(self) -> None:
        from localstack_plugin.cloudformation.sagemaker.resources import ModelProvider

        self.factory: type[ResourceProvider] = ModelProvider


class EndpointConfigPlugin(CloudFormationResourceProviderPlugin):
    name = "AWS::SageMaker::EndpointConfig"

    def load(self) -> None:
        from localstack_plugin.cloudformation.sagemaker.resources import EndpointConfigProvider

        self.factory: type[ResourceProvider] = EndpointConfigProvider


class EndpointPlugin(CloudFormationResourceProviderPlugin):
    name = "AWS::SageMaker::Endpoint"

    def load(self) -> None:
        from localstack_plugin.cloudformation.sagemaker.endpoint import EndpointProvider

        self.factory: type[ResourceProvider] = EndpointProvider


class ModelPackagePlugin(CloudFormationResourceProviderPlugin):
    name = "AWS::SageMaker::ModelPackage"

    def load(self) -> None:
        from localstack_plugin.cloudformation.sagemaker.resources import ModelPackageProvider

        self.factory: type[ResourceProvider] = ModelPackageProvider


class PipelinePlugin(CloudFormationResourceProviderPlugin):
    name = "AWS::SageMaker::Pipeline"

    def load(self) -> None:
        from localstack_plugin.cloudformation.sagemaker.pipeline import PipelineProvider

        self.factory: type[ResourceProvider] = PipelineProvider


class MonitoringSchedulePlugin(CloudFormationResourceProviderPlugin):
    name = "AWS::SageMaker::MonitoringSchedule"

    def load(self) -> None:
        from localstack_plugin.cloudformation.sagemaker.monitoring import MonitoringScheduleProvider

        self.factory: type[ResourceProvider] = MonitoringScheduleProvider


class JobDefinitionPlugin(CloudFormationResourceProviderPlugin):
    """The definitions of one monitoring type, which `name` says."""

    def load(self) -> None:
        from localstack_plugin.cloudformation.sagemaker.monitoring import JOB_DEFINITIONS

        self.factory: type[ResourceProvider] = JOB_DEFINITIONS[self.name]


class DataQualityJobDefinitionPlugin(JobDefinitionPlugin):
    name = "AWS::SageMaker::DataQualityJobDefinition"


class ModelQualityJobDefinitionPlugin(JobDefinitionPlugin):
    name = "AWS::SageMaker::ModelQualityJobDefinition"


class ModelBiasJobDefinitionPlugin(JobDefinitionPlugin):
    name = "AWS::SageMaker::ModelBiasJobDefinition"


class ModelExplainabilityJobDefinitionPlugin(JobDefinitionPlugin):
    name = "AWS::SageMaker::ModelExplainabilityJobDefinition"


class ScalableTargetPlugin(CloudFormationResourceProviderPlugin):
    name = "AWS::ApplicationAutoScaling::ScalableTarget"

    def load(self) -> None:
        from localstack_plugin.cloudformation.scaling import ScalableTargetProvider

        self.factory: type[ResourceProvider] = ScalableTargetProvider


class ScalingPolicyPlugin(CloudFormationResourceProviderPlugin):
    name = "AWS::ApplicationAutoScaling::ScalingPolicy"

    def load(self) -> None:
        from localstack_plugin.cloudformation.scaling import ScalingPolicyProvider

        self.factory: type[ResourceProvider] = ScalingPolicyProvider


@hooks.on_infra_start()
def make_cloudformation_honest() -> None:
    from localstack_plugin.cloudformation import (
        buckets,
        deployment,
        engine,
        polling,
        replacement,
        resource_updates,
        stack_operations,
    )
    from localstack_plugin.cloudformation.templates import checks

    engine.install()
    polling.install()
    replacement.install()
    deployment.install()
    stack_operations.install()
    checks.install()
    buckets.install()
    resource_updates.install()
