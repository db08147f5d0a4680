"""Every example in the documents runs on the local cloud, in the order of its page."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.documentation import PAGES, Example, examples_of, printed

from local_cloud.settings import ROOT, Settings

from .conftest import CLOUD

RUN = {page: [example for example in examples_of(page) if not example.tested_by] for page in PAGES}
MARK = "-- example in line "
TIMEOUT_S = 900


@pytest.fixture
def shell(cloud: Settings, tmp_path: Path) -> dict[str, str]:
    """Return the variables of a user's shell, which finds the kit's commands on its PATH."""
    return {
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "PATH": os.pathsep.join([str(ROOT / ".venv" / "bin"), "/usr/bin", "/bin"]),
        "SCONES_LOCALSTACK_PORT": str(cloud.localstack_port),
        "SCONES_SAGEMAKER_PORT": str(cloud.sagemaker_port),
        "SCONES_STATE_DIR": str(cloud.state_dir),
        "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
    }


@pytest.mark.skipif(CLOUD != "embedded", reason="the pages describe the local cloud that `scones up` starts")
@pytest.mark.parametrize("page", [page for page, examples in RUN.items() if examples])
def test_the_examples_of_a_page_run(page: str, shell: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    for example in RUN[page]:
        if example.is_file:
            (folder / example.name).write_text(example.text)
    ran = subprocess.run(
        ["bash", "--norc", "-eo", "pipefail", "-c", "\n".join(map(commands, RUN[page]))],
        env=shell, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, f"{page}\n{ran.stdout}\n{ran.stderr}"
    assert unexpected(RUN[page], ran.stdout) == {}


def commands(example: Example) -> str:
    """Return the commands of an example, after a line that tells its output from that of the others."""
    if not example.is_program:
        return ""
    program = f"python - <<'PROGRAM'\n{example.text}PROGRAM" if example.language == "python" else example.text
    return f"echo '{MARK}{example.line}'\n{program}"


def unexpected(examples: list[Example], output: str) -> dict[int, str]:
    """Return what examples printed, by line, where the page says that they print something else."""
    outputs = {
        int(line): text.removesuffix("\n") + "\n"
        for line, _, text in (part.partition("\n") for part in output.split(MARK)[1:])
    }
    program, differing = 0, {}
    for example in examples:
        if example.is_program:
            program = example.line
        elif example.language == "text" and not printed(example.text).fullmatch(outputs[program]):
            differing[program] = outputs[program]
    return differing
