"""The hosts of a job, as SageMaker's resourceconfig.json names them, and the groups that they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ONE_GROUP = "homogeneousCluster"
DISTRIBUTIONS = (  # the framework parameters that the SDK's `distribution` argument sets
    "sagemaker_mpi_enabled",
    "sagemaker_parameter_server_enabled",
    "sagemaker_distributed_dataparallel_enabled",
    "sagemaker_pytorch_ddp_enabled",
    "sagemaker_pytorch_xla_multi_worker_enabled",
    "sagemaker_multi_worker_mirrored_strategy_enabled",
    "sagemaker_torch_distributed_enabled",
)


@dataclass(frozen=True)
class Hosts:
    """`resources` is the content of resourceconfig.json, `parameters` are the framework parameters of the job."""

    resources: Mapping[str, Any]
    parameters: Mapping[str, Any]

    @property
    def names(self) -> list[str]:
        return list(self.resources["hosts"])

    @property
    def current(self) -> str:
        return str(self.resources["current_host"])

    @property
    def instance_type(self) -> str:
        return str(self.resources.get("current_instance_type", "local"))

    @property
    def interface(self) -> str:
        return str(self.resources.get("network_interface_name", "eth0"))

    @property
    def group(self) -> str:
        return str(self.resources.get("current_group_name", ONE_GROUP))

    @property
    def groups(self) -> dict[str, dict[str, Any]]:
        return {group["instance_group_name"]: group for group in self.resources.get("instance_groups", [])}

    @property
    def group_hosts(self) -> list[str]:
        return list(self.groups.get(self.group, {}).get("hosts", []))

    @property
    def distribution_groups(self) -> list[str]:
        """Return the groups that train together: those of the request, or this host's if the job is distributed."""
        named = self.parameters.get("sagemaker_distribution_instance_groups")
        if named is not None:
            return list(named)
        return [self.group] if any(self.parameters.get(name) for name in DISTRIBUTIONS) else []

    @property
    def distribution_hosts(self) -> list[str]:
        if not self.groups:
            return self.names
        return [host for name in self.groups if name in self.distribution_groups for host in self.groups[name]["hosts"]]

    @property
    def master(self) -> str:
        return (self.distribution_hosts or self.names)[0]
