"""The entry points. LocalStack imports this module early, so each imports what it needs when it is loaded."""

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
        from localstack_plugin.cloudformation.model_package_group import ModelPackageGroupProvider

        self.factory: type[ResourceProvider] = ModelPackageGroupProvider


@hooks.on_infra_start()
def make_cloudformation_honest() -> None:
    from localstack_plugin.cloudformation import buckets, engine, updates

    engine.install()
    buckets.install()
    updates.install()
