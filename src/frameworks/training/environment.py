"""The training environment that a script sees: the SM_* variables and its arguments."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from frameworks.contract.configuration import decoded, read_config
from frameworks.contract.paths import ContainerPaths
from frameworks.training.encoding import arguments_of, variables_of
from frameworks.training.hardware import cpu_count, gpu_count
from frameworks.training.hosts import Hosts
from frameworks.training.toolkits import Toolkit

PREFIX = "sagemaker_"
TUNING = "_tuning_objective_metric"
# Hyperparameters that the toolkit itself reads; all others that begin with PREFIX are framework parameters
TOOLKIT_PARAMETERS = (
    "sagemaker_program",
    "sagemaker_submit_directory",
    "sagemaker_enable_cloudwatch_metrics",
    "sagemaker_region",
    "sagemaker_container_log_level",
    "sagemaker_job_name",
    "default_user_module_name",
    TUNING,
    "sagemaker_s3_output",
)


@dataclass(frozen=True)
class TrainingEnvironment:
    """`given` has all hyperparameters, decoded; `surroundings` has the environment variables of this process."""

    paths: ContainerPaths
    toolkit: Toolkit
    given: Mapping[str, Any]
    resources: Mapping[str, Any]
    channels: Mapping[str, Any]
    surroundings: Mapping[str, str]
    cpus: int
    gpus: int

    @classmethod
    def read(
        cls, paths: ContainerPaths, toolkit: Toolkit, surroundings: Mapping[str, str] = os.environ
    ) -> TrainingEnvironment:
        """Read the configuration files. Raises OSError or ValueError if one is missing or broken."""
        return cls(
            paths,
            toolkit,
            decoded(read_config(paths.hyperparameters)),
            read_config(paths.resource_config),
            read_config(paths.input_data_config),
            dict(surroundings),
            cpu_count(),
            gpu_count(),
        )

    @property
    def hosts(self) -> Hosts:
        return Hosts(self.resources, self.framework_parameters)

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """Return the user's own hyperparameters."""
        own = {
            name: value
            for name, value in self.given.items()
            if name not in TOOLKIT_PARAMETERS and not name.startswith(PREFIX)
        }
        folder = str(own.get("model_dir"))
        is_tuned = TUNING in self.given and self.toolkit.separates_model_dirs
        if is_tuned and not folder.startswith("/opt/ml"):  # sagemaker_tensorflow_container/training.py
            own["model_dir"] = f"{folder}/{self.surroundings.get('TRAINING_JOB_NAME')}/model"
        return own

    @property
    def framework_parameters(self) -> dict[str, Any]:
        return {
            name: value
            for name, value in self.given.items()
            if name.startswith(PREFIX) and name not in TOOLKIT_PARAMETERS
        }

    @property
    def program(self) -> str | None:
        """Return the entry point; None if the request names none, as for a built-in algorithm."""
        program = self.surroundings.get("SAGEMAKER_PROGRAM") or self.given.get("sagemaker_program")
        return None if program is None else str(program)

    @property
    def source(self) -> str:
        return str(self.given.get("sagemaker_submit_directory", self.paths.code))

    @property
    def log_level(self) -> int:
        return int(self.given.get("sagemaker_container_log_level", logging.INFO))

    @property
    def s3_output(self) -> str | None:
        location = self.given.get("sagemaker_s3_output")
        return None if location is None else str(location)

    @property
    def arguments(self) -> list[str]:
        return arguments_of(self.hyperparameters)

    @property
    def processes_per_host(self) -> int:
        return int(self.framework_parameters.get("sagemaker_mpi_num_of_processes_per_host") or self.gpus or 1)

    @property
    def channel_folders(self) -> dict[str, str]:
        return {name: str(self.paths.channel(name)) for name in self.channels}

    def described(self) -> dict[str, Any]:
        """Return the content of SM_TRAINING_ENV."""
        hosts = self.hosts
        return {
            "additional_framework_parameters": self.framework_parameters,
            "channel_input_dirs": self.channel_folders,
            "distribution_hosts": hosts.distribution_hosts,
            "hyperparameters": self.hyperparameters,
            "is_master": hosts.current == hosts.master,
            "is_modelparallel_enabled": None,
            "is_smddpmprun_installed": False,
            "is_smddprun_installed": False,
            "job_name": self.surroundings.get("TRAINING_JOB_NAME"),
            "master_hostname": hosts.master,
            "topology": list(self.resources.get("topology", [])),
            **self._shared(),
        }

    def variables(self) -> dict[str, str]:
        """Return all variables that the toolkit adds to the script's own."""
        topology = self.resources.get("topology")
        named = {
            **self._shared(),
            "hps": self.hyperparameters,
            "framework_params": self.framework_parameters,
            "channels": sorted(self.channels),
            "training_env": self.described(),
            "user_args": self.arguments,
            **({"topology": topology} if topology else {}),
            **{f"channel_{name}": folder for name, folder in self.channel_folders.items()},
            **{f"hp_{name}": value for name, value in self.hyperparameters.items()},
        }
        return {**variables_of(named), **self._platform_variables()}

    def _shared(self) -> dict[str, Any]:
        """Return the members of SM_TRAINING_ENV that are also variables of their own, by the name that both have."""
        hosts, paths = self.hosts, self.paths
        return {
            "current_host": hosts.current,
            "current_instance_group": hosts.group,
            "current_instance_group_hosts": hosts.group_hosts,
            "current_instance_type": hosts.instance_type,
            "distribution_instance_groups": hosts.distribution_groups,
            "framework_module": self.toolkit.framework_module,
            "hosts": hosts.names,
            "input_config_dir": str(paths.configuration),
            "input_data_config": dict(self.channels),
            "input_dir": str(paths.input),
            "instance_groups": list(hosts.groups),
            "instance_groups_dict": hosts.groups,
            "is_hetero": len(hosts.groups) > 1,
            "log_level": self.log_level,
            "model_dir": str(paths.model),
            "module_dir": self.source,
            "module_name": (self.program or "").removesuffix(".py"),
            "network_interface_name": hosts.interface,
            "num_cpus": self.cpus,
            "num_gpus": self.gpus,
            "num_neurons": 0,
            "output_data_dir": str(paths.output_data),
            "output_dir": str(paths.output),
            "output_intermediate_dir": str(paths.intermediate_output),
            "resource_config": dict(self.resources),
            "user_entry_point": self.program,
        }

    def _platform_variables(self) -> dict[str, str]:
        region = self.given.get("sagemaker_region") or self.surroundings.get("AWS_DEFAULT_REGION") or ""
        python_path = [str(self.paths.code), *filter(None, [self.surroundings.get("PYTHONPATH")])]
        return {
            "CURRENT_HOST": self.hosts.current,
            "SAGEMAKER_JOB_NAME": str(self.given.get("sagemaker_job_name", "")),
            "SAGEMAKER_REGION": str(region),
            "PYTHONPATH": os.pathsep.join(python_path),
        }
