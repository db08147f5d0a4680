"""The lines of `scones env`, as each shell reads them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from local_cloud.shell.syntax import SHELLS, calling_shell, lines

VALUES = {
    "PATH": "/usr/bin:/bin:/with space",
    "PYTHONPATH": "/one:/two",
    "JSON": json.dumps({"a": [None, 'it\'s "quoted" \\ $HOME `id`']}),
    "EMPTY": "",
}
PRINT = f"{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_sets_and_removes_variables(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = "\n".join([*lines({**VALUES, "GONE": None, "NEVER_SET": None}, shell), PRINT])
    environment = {"PATH": "/usr/bin:/bin", "GONE": "x", "HOME": "/nonexistent"}
    arguments = {"fish": ["--no-config"], "zsh": ["-f"], "bash": ["--norc"]}[shell]
    output = subprocess.check_output([shutil.which(shell) or shell, *arguments, "-c", script], env=environment)
    variables = json.loads(output)
    assert {name: variables.get(name) for name in VALUES} == VALUES
    assert "GONE" not in variables


def test_other_shells_than_fish_get_posix_syntax() -> None:
    assert calling_shell() == "bash"
