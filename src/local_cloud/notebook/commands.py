"""The commands `scones kernel` and `scones notebook`."""

import os
import shutil
from pathlib import Path

import click

from local_cloud.errors import LocalCloudError
from local_cloud.execution import execute_on_cloud, takes_settings, write_configs
from local_cloud.notebook import kernels
from local_cloud.settings import ROOT, Settings, is_checkout
from local_cloud.shell.environment import command_environment, left

EXAMPLE = ROOT / "notebooks" / "scones_unlimited.ipynb"


@click.group("kernel")
def kernel() -> None:
    """Install a notebook kernel that uses the local AWS: scones kernel install."""


@kernel.command("install")
@click.option(
    "--python", metavar="PATH", help="An environment's Python, with ipykernel (default: the first on the PATH)."
)
@click.option("--name", default=kernels.NAME, show_default=True, help="Name of the kernel, for several environments.")
@takes_settings
def install(settings: Settings, python: str | None, name: str) -> None:
    """Install the kernel "Python (local AWS)" for your Jupyter.

    Notebooks with this kernel run in the environment of the Python, and `!pip install` installs there. Every AWS SDK
    in them uses the local AWS, and the SageMaker SDK finds account, bucket and role there.
    """
    local = Settings.from_environment({**os.environ, "AWS_PROFILE": _local_profile(settings)})
    write_configs(local)
    installed = kernels.install(local, _python(settings, python), name, left(settings, os.environ))
    click.echo(f"installed the kernel {installed.name} for {installed.python}: {installed.folder}")
    if not installed.has_pip:
        click.echo(
            "This environment has no pip, so `!pip install` in a notebook would install into another one. Run: "
            f"{installed.python} -m ensurepip --default-pip (or uv pip install --python {installed.python} pip)",
            err=True,
        )


@kernel.command("list")
@takes_settings
def list_kernels(settings: Settings) -> None:
    """List the kernels that this checkout has installed."""
    for each in kernels.installed(os.environ):
        click.echo(f"{each.name:20}{each.python}")


@kernel.command("remove")
@click.option("--name", default=kernels.NAME, show_default=True, help="Name of the kernel.")
@takes_settings
def remove(settings: Settings, name: str) -> None:
    """Remove a kernel that this checkout has installed. The environment is left as it is."""
    for each in kernels.installed(os.environ):
        if each.name == name.lower():
            each.remove()
            click.echo(f"removed {each.folder}")
            return
    raise LocalCloudError(f"this checkout has installed no kernel {name!r}: scones kernel list shows those that it has")


@click.command("notebook")
@click.option("--keep", is_flag=True, envvar="KEEP", help="Leave the local AWS up afterwards. Also: KEEP=1.")
@click.argument("file", type=click.Path(exists=True, path_type=Path), default=EXAMPLE)
def notebook(file: Path, keep: bool) -> int:
    """Open a notebook that uses the local AWS: scones notebook my.ipynb.

    Your own Jupyter opens it (`jupyter lab`, or `jupyter notebook`), in the environment of `scones env`. Without FILE
    it is the kit's: the whole workflow, step by step. The local AWS is started if it is not up, and stopped afterwards.
    """
    if file == EXAMPLE and not is_checkout(ROOT):
        file = _copied(file)
    for program in ("jupyter-lab", "jupyter-notebook"):
        if path := shutil.which(program):
            return execute_on_cloud([path, str(file)], start=True, keep=keep, environment_of=command_environment)
    click.echo(
        "Error: there is no Jupyter on the PATH. Run: pip install jupyterlab ipykernel\n"
        "or: scones kernel install, and choose the kernel in another program, such as VS Code",
        err=True,
    )
    return 1


def _copied(example: Path) -> Path:
    """Return the user's copy of the kit's notebook in the current folder: an installed kit is not for editing."""
    copy = Path(example.name)
    if not copy.exists():
        shutil.copyfile(example, copy)
    return copy


def _local_profile(settings: Settings) -> str:
    return settings.profile if settings.is_local else "local"


def _python(settings: Settings, python: str | None) -> Path:
    """Return the Python of the user's environment: the first one on the PATH, unless it is named."""
    path = left(settings, os.environ).get("PATH")
    named = python or shutil.which("python", path=path) or shutil.which("python3", path=path)
    if named is None:
        raise LocalCloudError("there is no python on the PATH: name one with --python")
    return Path(shutil.which(named) or named).absolute()  # a link is the environment's: do not resolve it
