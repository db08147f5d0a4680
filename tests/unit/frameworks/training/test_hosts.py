"""The groups of hosts that train together. Source: sagemaker_training/environment.py."""

from __future__ import annotations

from typing import Any

from frameworks.training.hosts import Hosts

GROUPS = [
    {"instance_group_name": "readers", "instance_type": "ml.c5.large", "hosts": ["algo-1"]},
    {"instance_group_name": "trainers", "instance_type": "ml.m5.large", "hosts": ["algo-2", "algo-3"]},
]
RESOURCES: dict[str, Any] = {
    "current_host": "algo-2",
    "current_group_name": "trainers",
    "hosts": ["algo-1", "algo-2", "algo-3"],
    "instance_groups": GROUPS,
}


def test_the_named_groups_train_together() -> None:
    hosts = Hosts(RESOURCES, {"sagemaker_distribution_instance_groups": ["trainers"]})
    assert (hosts.distribution_hosts, hosts.master) == (["algo-2", "algo-3"], "algo-2")


def test_without_a_distribution_no_groups_train_together() -> None:
    hosts = Hosts(RESOURCES, {})
    assert (hosts.distribution_groups, hosts.distribution_hosts, hosts.master) == ([], [], "algo-1")


def test_without_groups_all_hosts_train_together() -> None:
    hosts = Hosts({"current_host": "algo-1", "hosts": ["algo-1", "algo-2"]}, {"sagemaker_mpi_enabled": True})
    assert (hosts.group, hosts.distribution_hosts) == ("homogeneousCluster", ["algo-1", "algo-2"])
