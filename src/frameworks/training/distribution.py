"""The ways to start the script on a job's hosts: by itself on each, or by torchrun. MPI is refused by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import metadata

from frameworks.contract.failure import ClientError
from frameworks.contract.loopback import LOOPBACK, loopback_variables, share_loopback
from frameworks.training.environment import TrainingEnvironment

MASTER_PORT = "7777"
TORCHRUN = ("sagemaker_torch_distributed_enabled", "sagemaker_pytorch_ddp_enabled")
# Framework parameters of distributions that need what only AWS's images have: the SDK's name, and what is missing
REFUSED = {
    "sagemaker_mpi_enabled": ("mpi", "Open MPI, and SSH between the hosts"),
    "sagemaker_distributed_dataparallel_enabled": ("smdistributed", "AWS's library smdistributed.dataparallel"),
    "sagemaker_pytorch_xla_multi_worker_enabled": ("pytorchxla", "PyTorch/XLA"),
}
REFUSED_ON_SEVERAL_HOSTS = {
    "sagemaker_parameter_server_enabled": ("parameter_server", "a network of each host's own"),
    "sagemaker_multi_worker_mirrored_strategy_enabled": (
        "multi_worker_mirrored_strategy",
        "a network of each host's own",
    ),
}


def uses_torchrun(environment: TrainingEnvironment) -> bool:
    """Return whether torchrun starts the script. Raises ClientError for a distribution that cannot run here.

    `pytorchddp` is started by MPI on AWS; the variables that its scripts read (RANK, LOCAL_RANK, WORLD_SIZE,
    MASTER_ADDR) are torchrun's too.
    """
    parameters = environment.framework_parameters
    several = REFUSED_ON_SEVERAL_HOSTS if len(environment.hosts.names) > 1 else {}
    for name, (distribution, needed) in {**REFUSED, **several}.items():
        if parameters.get(name):
            raise ClientError(
                f"The distribution {distribution!r} is not supported here: it needs {needed}. PyTorch scripts can use "
                '{"torch_distributed": {"enabled": True}}. AWS\'s own image runs in Docker, where Docker has it: '
                "SAGEMAKER_EMULATOR_ENGINE=docker."
            )
    return any(parameters.get(name) for name in TORCHRUN)


def meeting_variables(environment: TrainingEnvironment, process: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables by which PyTorch's processes find each other, for toolkits that set them."""
    if not environment.toolkit.meets:
        return {}
    hosts = environment.hosts
    if share_loopback(process):
        address, port = LOOPBACK, process["MASTER_PORT"]
    else:
        address, port = hosts.master, MASTER_PORT
    return {
        "MASTER_ADDR": address,
        "MASTER_PORT": port,
        "NCCL_SOCKET_IFNAME": hosts.interface,
        "NCCL_IB_DISABLE": "1",
        "NCCL_DEBUG": "WARN",
        **_torch_version(),
        **loopback_variables(process),
    }


def _torch_version() -> dict[str, str]:
    try:
        return {"SM_DLC_TORCH_VERSION": metadata.version("torch")}
    except metadata.PackageNotFoundError:
        return {}
