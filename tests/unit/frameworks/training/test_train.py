"""`train` in script mode, from the source to the exit code. Sources: sagemaker_training's entry_point.py, process.py,
trainer.py, and errors.py.
"""

from __future__ import annotations

import io
import signal
import sys
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ..conftest import Container

Train = Callable[..., int]
WHEEL = "bays-1.0-py3-none-any.whl"
SHOW = """
import json, os, sys
from pathlib import Path
shown = {"arguments": sys.argv[1:], "folder": os.getcwd(), "variables": dict(os.environ)}
Path(os.environ["SM_MODEL_DIR"], "shown.json").write_text(json.dumps(shown))
"""


def test_a_script_runs_in_its_folder_with_its_arguments(container: Container, train: Train) -> None:
    container.source({"train.py": SHOW}, epochs=3, name="two bays")
    assert train(container) == 0
    shown = container.model("shown.json")
    assert shown["arguments"] == ["--epochs", "3", "--name", "two bays"]
    assert shown["folder"] == str(container.paths.code)
    assert shown["variables"]["SM_MODEL_DIR"] == str(container.paths.model)
    assert container.paths.success.exists()
    assert not container.paths.failure.exists()


def test_files_next_to_the_script_and_relative_paths_are_there(container: Container, train: Train) -> None:
    script = "import own.part\nopen('data.txt').read()\nopen('made.txt', 'w').write(own.part.NAME)"
    container.source({"train.py": script, "own/part.py": "NAME = 'bay'", "own/__init__.py": "", "data.txt": "x"})
    assert train(container) == 0
    assert (container.paths.code / "made.txt").read_text() == "bay"


def test_the_variables_of_the_request_reach_the_script(container: Container, train: Train) -> None:
    container.source({"train.py": SHOW})
    assert train(container, MINE="given") == 0
    assert container.model("shown.json")["variables"]["MINE"] == "given"


def test_a_script_in_a_folder_of_the_source_is_found(container: Container, train: Train) -> None:
    container.source({"src/train.py": SHOW}, "src/train.py")
    assert train(container) == 0
    assert container.model("shown.json")["folder"] == str(container.paths.code)


def test_a_shell_script_gets_quoted_arguments(container: Container, train: Train) -> None:
    script = '#!/bin/sh\nfor word in "$@"; do echo "<$word>" >> "$SM_MODEL_DIR/words"; done\n'
    container.source({"run.sh": script}, "run.sh", name="two bays", price="$5")
    assert train(container, "pytorch") == 0
    assert (container.paths.model / "words").read_text().splitlines() == ["<--name>", "<two bays>", "<--price>", "<$5>"]


def test_another_program_runs_by_its_name(container: Container, train: Train) -> None:
    container.source({"run": '#!/bin/sh\ntouch "$SM_MODEL_DIR/ran"\n'}, "run")
    assert train(container) == 0
    assert (container.paths.model / "ran").exists()


def test_xgboost_runs_the_script_as_a_module(container: Container, train: Train) -> None:
    container.source({"train.py": SHOW + "assert __spec__.name == 'train'"}, depth=2)
    assert train(container, "xgboost") == 0
    assert container.model("shown.json")["arguments"] == ["--depth", "2"]


def test_a_source_that_an_image_brought_is_left_as_it_is(container: Container, train: Train) -> None:
    container.paths.code.mkdir()
    (container.paths.code / "train.py").write_text(SHOW)
    container.configure({}, program="train.py")
    assert train(container) == 0


def test_the_program_may_be_named_by_a_variable(container: Container, train: Train) -> None:
    container.source({"other.py": SHOW})
    assert train(container, SAGEMAKER_PROGRAM="other.py") == 0


@pytest.mark.parametrize("framework", ["scikit-learn", "pytorch"])
def test_an_exception_is_the_failure_with_its_last_line(container: Container, train: Train, framework: str) -> None:
    container.source({"train.py": "def load():\n    raise ValueError('no such bay')\n\nload()\n"}, epochs=3)
    assert train(container, framework) == 1
    assert container.failure == (
        "ExecuteUserScriptError:\nExitCode 1\nErrorMessage \"raise ValueError('no such bay')\n ValueError: no such "
        f'bay"\nCommand "{sys.executable} train.py --epochs 3"'
    )
    assert not container.paths.success.exists()


@pytest.mark.parametrize(
    ("script", "code", "message"),
    [
        ("import sys; sys.exit('the data is empty')", 1, "the data is empty"),
        ("import sys; print('epoch 1'); sys.exit(7)", 7, "epoch 1"),
        ("import os; os.abort()", 134, ""),
        ("class Odd(Exception): pass\nraise Odd('bay')", 1, "Odd: bay"),
    ],
)
def test_the_failure_has_the_scripts_own_exit_code(
    container: Container, train: Train, script: str, code: int, message: str
) -> None:
    container.source({"train.py": script})
    assert train(container) == 1
    assert container.failure.startswith(f'ExecuteUserScriptError:\nExitCode {code}\nErrorMessage "{message}')


def test_a_killed_script_is_said_to_be_out_of_memory(container: Container, train: Train) -> None:
    container.source({"train.py": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"})
    assert train(container) == 1
    assert 'ExitCode 137\nErrorMessage ""\nExtraInfo "OutOfMemory: Process killed by SIGKILL' in container.failure


def test_a_failure_file_of_the_scripts_own_stays(container: Container, train: Train) -> None:
    script = "import os\nopen(os.environ['SM_OUTPUT_DIR'] + '/failure', 'w').write('mine')\nraise SystemExit(1)"
    container.source({"train.py": script})
    assert train(container) == 1
    assert container.failure == "mine"


def test_a_job_without_a_script_fails_with_the_reason(container: Container, train: Train) -> None:
    assert train(container) == 1
    assert "sagemaker_program" in container.failure


def test_a_missing_configuration_is_an_error_of_the_framework(container: Container, train: Train) -> None:
    container.paths.resource_config.unlink()
    assert train(container) == 2  # ENOENT, as AWS's toolkit exits
    assert container.failure.startswith("Framework Error: \nTraceback")


def test_blanks_split_arguments_where_awss_toolkit_uses_a_shell(
    container: Container, train: Train, capfd: pytest.CaptureFixture[str]
) -> None:
    container.source({"train.py": SHOW}, name="two bays")
    assert train(container, "pytorch") == 0
    assert container.model("shown.json")["arguments"] == ["--name", "two", "bays"]
    assert "the script gets other arguments" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("parameter", "distribution"),
    [
        ("mpi_enabled", "mpi"),
        ("distributed_dataparallel_enabled", "smdistributed"),
        ("pytorch_xla_multi_worker_enabled", "pytorchxla"),
    ],
)
def test_a_distribution_that_cannot_run_is_refused_by_name(
    container: Container, train: Train, parameter: str, distribution: str
) -> None:
    container.source({"train.py": SHOW})
    container.configure({f"sagemaker_{parameter}": True}, program="train.py")
    assert train(container, "pytorch") == 1
    assert f"The distribution '{distribution}' is not supported here" in container.failure


@pytest.mark.parametrize("parameter", ["sagemaker_torch_distributed_enabled", "sagemaker_pytorch_ddp_enabled"])
def test_torchrun_starts_the_script_as_awss_toolkit_says(container: Container, train: Train, parameter: str) -> None:
    flag: dict[str, Any] = {parameter: True}
    container.source({"train.py": ""}, epochs=1, **flag)
    assert train(container, "pytorch", PATH="/nowhere") == 1
    assert container.failure.endswith('Command "torchrun --nnodes 1 --nproc_per_node 1 train.py --epochs 1"')


def test_the_log_names_the_command_and_the_variables(
    container: Container, train: Train, capfd: pytest.CaptureFixture[str]
) -> None:
    container.source({"train.py": "print('from the script')"}, epochs=3)
    train(container)
    out, err = capfd.readouterr()
    assert out == "from the script\n"
    assert f"SM_MODEL_DIR={container.paths.model}" in err
    assert f"Invoking script with the following command:\n\n{sys.executable} train.py --epochs 3" in err
    assert "sagemaker-training-toolkit INFO     Reporting training SUCCESS" in err


def test_sigterm_reaches_the_scripts_handler_once(container: Container) -> None:
    script = """
import os, signal, sys, time
def end(*_):
    with open(os.environ["SM_MODEL_DIR"] + "/ended", "a") as file:
        file.write("x")
    time.sleep(0.5)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(600)
"""
    container.source({"train.py": script})
    process = container.started()
    assert process.stdout is not None
    assert any(line == "ready\n" for line in process.stdout)
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    assert process.wait(60) == 0
    process.stdout.close()
    assert (container.paths.model / "ended").read_text() == "x"


def wheel_of(name: str, files: Mapping[str, str]) -> bytes:
    """Return a wheel, which pip installs without an index."""
    buffer = io.BytesIO()
    about = {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    with zipfile.ZipFile(buffer, "w") as wheel:
        for path, text in {**files, **{f"{name}-1.0.dist-info/{key}": text for key, text in about.items()}}.items():
            wheel.writestr(path, text)
    return buffer.getvalue()


def test_requirements_are_installed_into_the_jobs_own_environment(container: Container) -> None:
    wheel = container.base / WHEEL
    wheel.write_bytes(wheel_of("bays", {"bays.py": "NAME = 'bay'"}))
    script = (
        "import bays, json, os, sys\n"
        "with open(os.environ['SM_MODEL_DIR'] + '/where.json', 'w') as file:\n"
        "    json.dump([bays.__file__, sys.prefix, sys.executable], file)"
    )
    container.source({"train.py": script, "requirements.txt": f"{wheel}\n"})
    output, _ = container.started().communicate(timeout=300)
    assert all(place.startswith(str(container.home)) for place in container.model("where.json")), output


def test_pip_in_a_script_leaves_the_shared_environment_alone(container: Container) -> None:
    script = """
import json, os, subprocess, sys
from importlib import metadata
for tool in ([sys.executable, "-m", "pip"], ["pip"]):
    subprocess.run([*tool, "uninstall", "--yes", "packaging"], check=True)
metadata.version("packaging")
"""
    container.source({"train.py": script})
    process = container.started()
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert "outside environment" in output


def test_a_requirement_that_does_not_exist_is_the_failure(container: Container) -> None:
    container.source({"train.py": "", "requirements.txt": "./no-such-package\n"})
    process = container.started("pytorch")
    process.communicate(timeout=300)
    assert process.returncode == 1
    assert container.failure.startswith("InstallRequirementsError:\nExitCode 1\n")
    assert "no-such-package" in container.failure
    assert container.failure.endswith('-m pip install -r requirements.txt"')


def test_a_package_with_setup_py_is_installed_and_run_as_a_module(container: Container) -> None:
    backend = f"def build_wheel(folder, *_):\n    open(folder + '/{WHEEL}', 'wb').write({wheel_of('bays', {})!r})\n"
    files = {
        "train.py": SHOW + "assert __spec__.name == 'train'\nfrom importlib import metadata\nmetadata.version('bays')",
        "setup.py": "",
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "backend.py": f"{backend}    return {WHEEL!r}\n",
    }
    container.source(files, epochs=2)
    process = container.started()
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert container.model("shown.json")["arguments"] == ["--epochs", "2"]


def test_a_hundred_thousand_lines_pass_in_order(
    container: Container, train: Train, capfd: pytest.CaptureFixture[str]
) -> None:
    container.source({"train.py": "for number in range(100_000): print('Epoch[0] Batch', number)"})
    assert train(container) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines == [f"Epoch[0] Batch {number}" for number in range(100_000)]


def test_intermediate_output_is_left_to_the_platform_where_it_made_the_folder(
    container: Container, train: Train
) -> None:
    container.paths.intermediate_output.mkdir()
    container.source({"train.py": SHOW}, sagemaker_s3_output="s3://no-such-bucket/x")
    assert train(container) == 0


def test_the_program_says_how_it_is_used(container: Container) -> None:
    process = container.started("caffe")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 64
    assert "usage: python -m frameworks" in output
