"""Completion of `scones` in shells, by click's own scripts."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")
PROGRAM, VARIABLE = "scones", "_SCONES_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the shell code that completes `scones`.

    \b
    For one shell:
      bash, zsh   eval "$(scones completion bash)"      (or zsh)
      fish        scones completion fish | source
    For every new shell, put that line into ~/.bashrc, after `compinit` into ~/.zshrc, or into
    ~/.config/fish/config.fish; `scones` has to be on the PATH there.
    """
    complete = get_completion_class(shell)
    assert complete is not None
    click.echo(complete(context.find_root().command, {}, PROGRAM, VARIABLE).source())
