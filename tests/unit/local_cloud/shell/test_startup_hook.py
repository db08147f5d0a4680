"""The start-up hook, in Pythons that start with it on PYTHONPATH."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local_cloud.shell.environment import STARTUP

STS = "https://sts.us-east-1.amazonaws.com"
LOCAL = "http://127.0.0.1:5566"
CONFIG = f"""
[profile local]
region = us-east-1
endpoint_url = {LOCAL}
aws_access_key_id = test
aws_secret_access_key = test
[profile prod]
region = us-east-1
aws_access_key_id = real
aws_secret_access_key = real
"""


class Interpreter:
    """Python with the hook on its path, and what a program prints there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "config").write_text(CONFIG)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
        self.environment = {**kept, "AWS_CONFIG_FILE": str(folder / "config"), "PYTHONPATH": f"{STARTUP}:{folder}"}

    def __call__(self, program: str, profile: str = "local", **environment: str) -> Any:
        """Run a program, and return what its `result` is at the end."""
        source = f"{program}\nimport json\nprint(json.dumps(result))"
        variables = {**self.environment, "AWS_PROFILE": profile, **environment}
        return json.loads(subprocess.check_output([sys.executable, "-c", source], env=variables, text=True))

    def has(self, module: str, source: str) -> None:
        """Put a module where the program can import it."""
        file = self.folder / f"{module.replace('.', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
        for package in file.relative_to(self.folder).parents:
            if package.name:
                (self.folder / package / "__init__.py").touch()


@pytest.fixture
def python(tmp_path: Path) -> Interpreter:
    return Interpreter(tmp_path)


def client_url(url: str, profile: str = "None") -> str:
    return f"""
import boto3
session = boto3.Session(profile_name={profile})
result = session.client("sts", endpoint_url={url!r}).meta.endpoint_url
"""


@pytest.mark.parametrize("url", [STS, "https://sts.amazonaws.com", "https://sts.cn-north-1.amazonaws.com.cn"])
def test_an_address_of_aws_is_left_to_the_local_profile(python: Interpreter, url: str) -> None:
    assert python(client_url(url)) == LOCAL


def test_other_addresses_are_not_changed(python: Interpreter) -> None:
    for url in ("http://localhost:9000", "https://amazonaws.com.example.org"):
        assert python(client_url(url)) == url


@pytest.mark.parametrize(("profile", "is_shared"), [("local", True), ("prod", False)])
def test_sessions_share_what_was_read_of_botocores_own_data(python: Interpreter, profile: str, is_shared: bool) -> None:
    model = python.folder / "models" / "mine" / "2020-01-01" / "service-2.json"
    model.parent.mkdir(parents=True)
    model.write_text("{}")
    program = """
import botocore.session
first, second = (botocore.session.Session().get_component("data_loader") for _ in range(2))
names = ("sts/2011-06-15/service-2", "endpoints", "mine/2020-01-01/service-2")
result = [first.load_data(name) is second.load_data(name) for name in names]
"""
    shared = python(program, profile, AWS_DATA_PATH=str(python.folder / "models"))
    assert shared == [is_shared, is_shared, False]


def test_a_session_with_a_profile_of_the_users_keeps_its_address(python: Interpreter) -> None:
    assert python(client_url(STS, "'prod'")) == STS


@pytest.mark.parametrize(("profile", "url"), [("local", LOCAL), ("prod", STS)])
@pytest.mark.parametrize("passed", [{}, {"endpoint_url": STS}])
def test_a_botocore_that_reads_no_addresses_from_profiles_gets_the_local_ones(
    python: Interpreter, passed: dict[str, str], profile: str, url: str
) -> None:
    program = f"""
import boto3, botocore.configprovider
del botocore.configprovider.ConfiguredEndpointProvider
result = boto3.client("sts", **{passed}).meta.endpoint_url
"""
    assert python(program, profile, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="true") == url


def test_under_a_profile_of_the_users_botocore_is_untouched(python: Interpreter) -> None:
    module = "import botocore.session as session; result = session.Session.create_client.__module__"
    assert python(module, profile="prod") == "botocore.session"
    assert python(module) == "sitecustomize"


def test_a_profile_that_the_program_chooses_before_its_imports_counts(python: Interpreter) -> None:
    chosen = "import os; os.environ['AWS_PROFILE'] = {!r}\n" + client_url(STS)
    assert python(chosen.format("prod")) == STS
    assert python(chosen.format("local"), profile="prod") == LOCAL


@pytest.mark.parametrize(
    "module", ["sagemaker.telemetry.telemetry_logging", "sagemaker.core.telemetry.telemetry_logging"]
)
def test_the_sdk_reports_nothing_under_a_local_profile(python: Interpreter, module: str) -> None:
    python.has(module, "def _send_telemetry_request(*arguments): return 'sent'")
    program = f"import {module} as m; result = m._send_telemetry_request(1)"
    assert python(program) is None
    assert python(program, profile="prod") == "sent"


def test_a_module_without_the_function_is_imported_as_it_is(python: Interpreter) -> None:
    python.has("sagemaker.local.image", "value = 1")
    assert python("from sagemaker.local import image; result = image.value") == 1


def test_the_users_own_hook_runs(python: Interpreter) -> None:
    python.has("sitecustomize", "import sys; sys.mine = __file__; sys.path.append('/added')")
    program = "import sys, sitecustomize; result = [sys.mine, sitecustomize.__file__, '/added' in sys.path]"
    own = str(python.folder / "sitecustomize.py")
    assert python(program) == [own, own, True]
    assert python(client_url(STS)) == LOCAL


def test_an_import_that_fails_in_the_users_own_hook_is_reported_as_theirs(python: Interpreter) -> None:
    python.has("sitecustomize", "import no_such_module")
    failed = subprocess.run(
        [sys.executable, "-c", ""], env=python.environment, capture_output=True, text=True, check=True
    )
    assert "no_such_module" in failed.stderr


def test_a_start_imports_nothing_else(python: Interpreter) -> None:
    program = "import sys; result = list(sys.modules)"
    with_hook, without = python(program), python(program, PYTHONPATH=str(python.folder))
    assert {"sitecustomize"} <= set(with_hook) - set(without) <= {"sitecustomize", "__future__"}


def test_a_variable_that_a_kernel_did_not_substitute_is_dropped(python: Interpreter) -> None:
    program = "import os, sys; result = [os.environ['PYTHONPATH'], [f for f in sys.path if '$' in f]]"
    assert python(program, PYTHONPATH=f"{STARTUP}:${{PYTHONPATH}}") == [str(STARTUP), []]
