"""Hosts: their names, their paths, resourceconfig.json."""

from __future__ import annotations

from pathlib import Path

from sagemaker_emulator.jobs.hosts import hosts_below, resource_config


def test_hosts_are_numbered_from_one() -> None:
    hosts = hosts_below(Path("/work"), 2)
    assert [(host.name, host.index, host.base_dir) for host in hosts] == [
        ("algo-1", 0, Path("/work/algo-1")),
        ("algo-2", 1, Path("/work/algo-2")),
    ]


def test_a_path_of_the_container_is_below_the_hosts_folder() -> None:
    (host,) = hosts_below(Path("/work"), 1)
    assert host.at("/opt/ml/processing/in") == Path("/work/algo-1/processing/in")


def test_the_configuration_sorts_hosts_as_text() -> None:
    hosts = hosts_below(Path("/work"), 10)
    config = resource_config(hosts[1], hosts, "ml.m5.large")
    assert (config["current_host"], config["current_instance_type"]) == ("algo-2", "ml.m5.large")
    assert config["hosts"][:3] == ["algo-1", "algo-10", "algo-2"]


def test_all_hosts_belong_to_the_one_group_that_aws_names() -> None:
    hosts = hosts_below(Path("/work"), 2)
    config = resource_config(hosts[0], hosts, "ml.m5.large")
    group = {"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.large", "hosts": ["algo-1", "algo-2"]}
    assert (config["current_group_name"], config["instance_groups"]) == ("homogeneousCluster", [group])
