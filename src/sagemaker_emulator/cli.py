"""`scones frameworks`: the environments that stand for AWS's framework images."""

from __future__ import annotations

import sys
import time

import click

from sagemaker_emulator.frameworks.environments import Environment, Environments
from sagemaker_emulator.frameworks.image_names import REPOSITORIES, FrameworkImage, framework_image
from sagemaker_emulator.frameworks.installation import InstallationFailed
from sagemaker_emulator.settings import NEAREST, Settings, SettingsError

MEGABYTE = 1_000_000
DAY_S = 86_400


@click.group()
def cli() -> None:
    """The part's commands; the command line takes them from here."""


@cli.group()
def frameworks() -> None:
    """Packages of AWS's framework images: list, install and remove them.

    Jobs and endpoints with such an image install its packages by themselves, once. Here you can do so beforehand, and
    free the room again.
    """


@frameworks.command("list")
def list_() -> None:
    """Show what is installed, and the images."""
    installed = Environments().all()
    for environment in installed:
        click.echo(_line(environment))
    if not installed:
        click.echo("none is installed; the first job with a framework image installs its packages")
    click.echo(click.wrap_text(f"images: {', '.join(sorted(REPOSITORIES))}", width=100, subsequent_indent="  "))


@frameworks.command()
@click.argument("image")
def install(image: str) -> None:
    """Install the packages of IMAGE.

    IMAGE is a full URI, or a repository and a tag, such as sagemaker-scikit-learn:1.4-2-cpu-py3.
    """
    try:
        may_be_nearest = Settings.from_environment().framework_versions == NEAREST
        environment = Environments(may_be_nearest=may_be_nearest).prepare(_known(image), _say)
    except (InstallationFailed, SettingsError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(_line(environment))


@frameworks.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove the environment NAME, or all.

    `list` shows the names. A job or endpoint that needs a removed environment installs it again.
    """
    environments = Environments()
    chosen = [one for one in environments.all() if name in (one.name, "all")]
    if not chosen and name != "all":
        raise click.ClickException(f"no environment has the name {name!r}; `scones frameworks list` shows the names")
    for environment in chosen:
        environments.remove(environment)
        click.echo(f"removed {environment.name}")


def _known(image: str) -> FrameworkImage:
    framework = framework_image(image)
    if framework is None:
        raise click.ClickException(
            f"{image!r} is none of AWS's framework images. Give a repository and a tag, such as "
            "pytorch-training:2.8.0-cpu-py312; `scones frameworks list` shows the repositories"
        )
    return framework


def _line(environment: Environment) -> str:
    days = (time.time() - environment.last_used) / DAY_S
    used = "today" if days < 1 else f"{days:.0f} days ago"
    size = environment.size_bytes / MEGABYTE
    return f"{environment.name:<44} Python {environment.python_version:<5} {size:>7,.0f} MB  used {used}"


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
