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
        from localstack_plugin.cloudformation.model_package_group import ModelPackageGroupProvider

        self.factory: type[ResourceProvider] = ModelPackageGroupProvider


@hooks.on_infra_start()
def make_cloudformation_honest() -> None:
    from localstack_plugin.cloudformation import buckets, engine, resource_updates, rollback

    engine.install()
    rollback.install()
    buckets.install()
    resource_updates.install()
