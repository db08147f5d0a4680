"""Every SM_* variable of a training script, row by row, with the place in AWS's toolkit that defines it.

Sources: ENVIRONMENT_VARIABLES.md and src/sagemaker_training/environment.py (`to_env_vars`, `Environment`) of
sagemaker-training-toolkit 5.1, and the training modules of AWS's toolkits for each framework.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from frameworks.contract.paths import ContainerPaths
from frameworks.training.distribution import meeting_variables
from frameworks.training.environment import TrainingEnvironment
from frameworks.training.toolkits import TOOLKITS

GROUPS = [{"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.large", "hosts": ["algo-1", "algo-2"]}]
RESOURCES = {
    "current_host": "algo-2",
    "current_instance_type": "ml.m5.large",
    "current_group_name": "homogeneousCluster",
    "hosts": ["algo-1", "algo-2"],
    "instance_groups": GROUPS,
    "network_interface_name": "eth0",
}
FILE = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
CHANNELS = {"train": FILE, "My-Data": FILE}
OWN = {"batch-size": 64, "name": "two bays", "flag": True, "layers": [1, 2], "optimizer": {"name": "adam"}, "x": None}
PARAMETERS = {
    "sagemaker_program": "src/train.py",
    "sagemaker_submit_directory": "s3://bucket/job/source/sourcedir.tar.gz",
    "sagemaker_container_log_level": 10,
    "sagemaker_job_name": "job-1",
    "sagemaker_region": "eu-west-1",
    "sagemaker_torch_distributed_enabled": True,
    "sagemaker_instance_type": "ml.m5.large",
}
ARGUMENTS = [
    "--batch-size", "64", "--flag", "True", "--layers", "[1, 2]", "--name", "two bays", "--optimizer", "name=adam",
    "-x", "",
]  # fmt: skip
FRAMEWORK_PARAMETERS = {"sagemaker_instance_type": "ml.m5.large", "sagemaker_torch_distributed_enabled": True}
PAGE, CODE = "ENVIRONMENT_VARIABLES.md", "environment.py"

ROWS: list[tuple[str, Any, str]] = [
    ("SM_MODEL_DIR", "/opt/ml/model", f"{PAGE}#sm_model_dir"),
    ("SM_CHANNELS", ["My-Data", "train"], f"{PAGE}#sm_channels: a sorted list"),
    ("SM_CHANNEL_TRAIN", "/opt/ml/input/data/train", f"{PAGE}#sm_channel_channel_name"),
    ("SM_CHANNEL_MY-DATA", "/opt/ml/input/data/My-Data", f"{PAGE}#sm_channel_channel_name; mapping.py upper-cases it"),
    ("SM_HPS", OWN, f"{PAGE}#sm_hps: decoded, without the toolkit's own"),
    ("SM_HP_BATCH-SIZE", "64", f"{PAGE}#sm_hp_hyperparameter_name: dashes stay"),
    ("SM_HP_NAME", "two bays", f"{PAGE}#sm_hp_hyperparameter_name: a text is not quoted"),
    ("SM_HP_FLAG", "true", "mapping.py format_value: JSON"),
    ("SM_HP_LAYERS", "[1,2]", "mapping.py format_value: JSON without blanks"),
    ("SM_HP_OPTIMIZER", '{"name":"adam"}', "mapping.py format_value: JSON without blanks"),
    ("SM_HP_X", "", "mapping.py format_value: None is empty"),
    ("SM_CURRENT_HOST", "algo-2", f"{PAGE}#sm_current_host"),
    ("SM_HOSTS", ["algo-1", "algo-2"], f"{PAGE}#sm_hosts"),
    ("SM_NUM_GPUS", "0", f"{PAGE}#sm_num_gpus"),
    ("SM_NUM_NEURONS", "0", f"{PAGE}#sm_num_neurons"),
    ("SM_NUM_CPUS", "4", f"{PAGE}#sm_num_cpus"),
    ("SM_LOG_LEVEL", "10", f"{PAGE}#sm_log_level"),
    ("SM_NETWORK_INTERFACE_NAME", "eth0", f"{PAGE}#sm_network_interface_name"),
    ("SM_USER_ARGS", ARGUMENTS, f"{PAGE}#sm_user_args"),
    ("SM_INPUT_DIR", "/opt/ml/input", f"{PAGE}#sm_input_dir"),
    ("SM_INPUT_CONFIG_DIR", "/opt/ml/input/config", f"{PAGE}#sm_input_config_dir"),
    ("SM_RESOURCE_CONFIG", RESOURCES, f"{PAGE}#sm_resource_config: the whole file"),
    ("SM_INPUT_DATA_CONFIG", CHANNELS, f"{PAGE}#sm_input_data_config: the whole file"),
    ("SM_OUTPUT_DATA_DIR", "/opt/ml/output/data", f"{CODE} output_data_dir: the same on every host"),
    ("SM_OUTPUT_DIR", "/opt/ml/output", f"{CODE} output_dir"),
    ("SM_OUTPUT_INTERMEDIATE_DIR", "/opt/ml/output/intermediate", f"{CODE} output_intermediate_dir"),
    ("SM_MODULE_DIR", "s3://bucket/job/source/sourcedir.tar.gz", f"{CODE} module_dir: sagemaker_submit_directory"),
    ("SM_MODULE_NAME", "src/train", f"{CODE} _parse_module_name"),
    ("SM_USER_ENTRY_POINT", "src/train.py", f"{CODE} user_entry_point"),
    ("SM_FRAMEWORK_MODULE", "sagemaker_pytorch_container.training:main", "PyTorch's Dockerfile"),
    ("SM_FRAMEWORK_PARAMS", FRAMEWORK_PARAMETERS, f"{CODE} additional_framework_parameters"),
    ("SM_CURRENT_INSTANCE_TYPE", "ml.m5.large", f"{CODE} current_instance_type"),
    ("SM_CURRENT_INSTANCE_GROUP", "homogeneousCluster", f"{CODE} current_instance_group"),
    ("SM_CURRENT_INSTANCE_GROUP_HOSTS", ["algo-1", "algo-2"], f"{CODE} get_current_instance_group_hosts"),
    ("SM_INSTANCE_GROUPS", ["homogeneousCluster"], f"{CODE} get_instance_groups"),
    ("SM_INSTANCE_GROUPS_DICT", {"homogeneousCluster": GROUPS[0]}, f"{CODE} get_instance_groups_dict"),
    (
        "SM_DISTRIBUTION_INSTANCE_GROUPS",
        ["homogeneousCluster"],
        f"{CODE} get_distribution_instance_groups_from_resource_config",
    ),
    ("SM_IS_HETERO", "false", f"{CODE} is_hetero"),
]  # fmt: skip
PLATFORM_ROWS = [
    ("CURRENT_HOST", "algo-2", f"{CODE} Environment.__init__"),
    ("SAGEMAKER_JOB_NAME", "job-1", f"{CODE} Environment.__init__"),
    ("SAGEMAKER_REGION", "eu-west-1", f"{CODE} Environment.__init__"),
    ("PYTHONPATH", "/opt/ml/code:/given", f"{CODE} write_env_vars: the folder of the script first"),
]
ALL_ROWS = ROWS + PLATFORM_ROWS
DESCRIBED = {
    "additional_framework_parameters", "channel_input_dirs", "current_host", "current_instance_group",
    "current_instance_group_hosts", "current_instance_type", "distribution_hosts", "distribution_instance_groups",
    "framework_module", "hosts", "hyperparameters", "input_config_dir", "input_data_config", "input_dir",
    "instance_groups", "instance_groups_dict", "is_hetero", "is_master", "is_modelparallel_enabled",
    "is_smddpmprun_installed", "is_smddprun_installed", "job_name", "log_level", "master_hostname", "model_dir",
    "module_dir", "module_name", "network_interface_name", "num_cpus", "num_gpus", "num_neurons", "output_data_dir",
    "output_dir", "output_intermediate_dir", "resource_config", "topology", "user_entry_point",
}  # fmt: skip
SURROUNDINGS = {"TRAINING_JOB_NAME": "job-1", "PYTHONPATH": "/given"}


def environment(framework: str = "pytorch", **resources: Any) -> TrainingEnvironment:
    return TrainingEnvironment(
        paths=ContainerPaths(Path("/opt/ml")),
        toolkit=TOOLKITS[framework],
        given={**OWN, **PARAMETERS},
        resources={**RESOURCES, **resources},
        channels=CHANNELS,
        surroundings=SURROUNDINGS,
        cpus=4,
        gpus=0,
    )


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))


@pytest.mark.parametrize(("name", "value", "source"), ALL_ROWS, ids=[row[0] for row in ALL_ROWS])
def test_a_variable_has_the_value_that_awss_toolkit_gives_it(name: str, value: Any, source: str) -> None:
    assert environment().variables()[name] == as_text(value), source


def test_there_is_no_other_variable() -> None:
    names = {name for name in environment().variables() if name.startswith("SM_")}
    assert names - {row[0] for row in ROWS} == {"SM_TRAINING_ENV"}


def test_the_training_environment_has_the_members_that_awss_toolkit_describes() -> None:
    described = json.loads(environment().variables()["SM_TRAINING_ENV"])
    assert set(described) == DESCRIBED
    assert (described["is_master"], described["master_hostname"], described["job_name"]) == (False, "algo-1", "job-1")
    assert described["hyperparameters"] == OWN


def test_topology_is_there_only_where_the_platform_names_one() -> None:
    topology = [{"hostName": "algo-1", "capacityUnitId": "one"}]
    assert json.loads(environment(topology=topology).variables()["SM_TOPOLOGY"]) == topology


@pytest.mark.parametrize(
    ("framework", "module"),
    [
        ("scikit-learn", "sagemaker_sklearn_container.training:main"),
        ("pytorch", "sagemaker_pytorch_container.training:main"),
        ("huggingface", "sagemaker_pytorch_container.training:main"),
        ("tensorflow", "sagemaker_tensorflow_container.training:main"),
        ("xgboost", "sagemaker_xgboost_container.training:main"),
    ],
)
def test_each_framework_has_its_toolkits_module(framework: str, module: str) -> None:
    assert environment(framework).variables()["SM_FRAMEWORK_MODULE"] == module


def test_tensorflow_separates_the_model_folders_of_a_tuning_jobs_jobs() -> None:
    # sagemaker_tensorflow_container/training.py: _model_dir_with_training_job
    tuned = {"_tuning_objective_metric": "loss", "model_dir": "s3://bucket/model"}
    for framework, folder in (("tensorflow", "s3://bucket/model/job-1/model"), ("pytorch", "s3://bucket/model")):
        assert replace(environment(framework), given=tuned).variables()["SM_HP_MODEL_DIR"] == folder


def test_pytorch_names_the_first_host_and_awss_port_as_the_meeting_place() -> None:
    # sagemaker_pytorch_container/training.py: _set_distributed_environment, _set_nccl_environment
    variables = meeting_variables(environment(), {})
    del variables["SM_DLC_TORCH_VERSION"]
    assert variables == {
        "MASTER_ADDR": "algo-1",
        "MASTER_PORT": "7777",
        "NCCL_SOCKET_IFNAME": "eth0",
        "NCCL_IB_DISABLE": "1",
        "NCCL_DEBUG": "WARN",
    }


def test_hosts_that_share_loopback_meet_where_the_engine_says() -> None:
    variables = meeting_variables(environment(), {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "20123"})
    assert (variables["MASTER_ADDR"], variables["MASTER_PORT"]) == ("127.0.0.1", "20123")
    assert variables["GLOO_SOCKET_IFNAME"] == variables["NCCL_SOCKET_IFNAME"]
    assert variables["GLOO_SOCKET_IFNAME"].startswith("lo")


def test_other_toolkits_name_no_meeting_place() -> None:
    assert meeting_variables(environment("scikit-learn"), {}) == {}
