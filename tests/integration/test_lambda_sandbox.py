"""A function's world is its own: code, /tmp, processes and credentials, as on AWS.

Where the system has no namespaces for the local cloud, the functions say so in their log and these tests are skipped.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.integration.lambda_functions import Deploy, Function

INVOCATIONS, CONCURRENCY = 600, 8
IMAGE = """
import hashlib

def lambda_handler(event, context):
    image = hashlib.sha256(str(event).encode()).digest() * 2000
    with open("/tmp/image.png", "wb") as file:
        file.write(image)
    with open("/tmp/image.png", "rb") as file:
        return hashlib.sha256(file.read()).hexdigest() == hashlib.sha256(image).hexdigest()
"""
DECOY = "[default]\naws_access_key_id = DECOY\naws_secret_access_key = DECOY\nregion = eu-west-3\n"


@pytest.fixture
def deploy_in_world(deploy: Deploy) -> Deploy:
    if "Local cloud:" in deploy("def lambda_handler(event, context):\n    return 1\n").invoke().log:
        pytest.skip("functions have no world of their own here")
    return deploy


@pytest.fixture
def decoys() -> Iterator[Path]:
    """Put a profile with keys into this user's home, unless there is one: then it is not read, and is the decoy."""
    folder = Path.home() / ".aws"
    if folder.exists():
        yield folder
        return
    folder.mkdir()
    (folder / "credentials").write_text(DECOY)
    yield folder
    (folder / "credentials").unlink()
    folder.rmdir()


def handler(*lines: str) -> str:
    return "\n".join(["def lambda_handler(event, context):", *(f"    {line}" for line in lines), ""])


def invoke_many(function: Function) -> int:
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        return sum(answer.payload is True for answer in pool.map(function.invoke, range(INVOCATIONS)))


def test_concurrent_invocations_that_write_the_same_file_in_tmp_each_read_their_own(deploy_in_world: Deploy) -> None:
    assert invoke_many(deploy_in_world(IMAGE)) == INVOCATIONS
    assert not Path("/tmp/image.png").exists()  # noqa: S108


def test_tmp_is_empty_at_first_and_kept_between_the_invocations_of_an_environment(deploy_in_world: Deploy) -> None:
    lines = "import os", "names = os.listdir('/tmp')", "open(f'/tmp/{event}', 'w').close()", "return names"
    function = deploy_in_world(handler(*lines))
    assert [function.invoke(name).payload for name in ("a", "b")] == [[], ["a"]]


def test_an_error_names_the_files_below_var_task(deploy_in_world: Deploy) -> None:
    answer = deploy_in_world(handler("raise ValueError('oh')"), Handler="app.lambda_handler").invoke()
    assert answer.payload["stackTrace"] == [
        "  File \"/var/task/app.py\", line 2, in lambda_handler\n    raise ValueError('oh')\n"
    ]
    assert '/var/task/app.py", line 2' in answer.log


def test_the_variables_name_awss_folders(deploy_in_world: Deploy) -> None:
    names = ["LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "PYTHONPATH", "HOME", "PWD", "AWS_EC2_METADATA_DISABLED"]
    lines = "import os", f"return [*map(os.environ.get, {names}), os.getcwd(), os.path.exists(os.environ['HOME'])]"
    answer = deploy_in_world(handler(*lines)).invoke().payload
    assert answer == [
        *("/var/task", "/var/runtime", "/var/runtime", "/home/sbx_user1051", "/var/task", "true"),
        *("/var/task", False),
    ]


def test_only_tmp_can_be_written_to(deploy_in_world: Deploy) -> None:
    code = """
import errno, os

def lambda_handler(event, context):
    refused = []
    for path in event:
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            open(path, "w").close()
        except OSError as error:
            refused.append(path)
    return refused
"""
    paths = ["/var/task/x", "/opt/x", "/home/sbx_user1051/.cache/x", "/etc/x", "/tmp/a/x", "/var/tmp/x"]  # noqa: S108
    assert deploy_in_world(code).invoke(paths).payload == paths[:4]


def test_a_function_finds_no_keys_of_the_person(deploy_in_world: Deploy, decoys: Path) -> None:
    lines = (
        "import boto3, os",
        "keys = boto3.Session().get_credentials().get_frozen_credentials()",
        f"files = os.path.exists({str(decoys / 'credentials')!r})",
        "client = boto3.client('sts')",
        "arn = client.get_caller_identity()['Arn']",
        "return [keys.access_key, bool(keys.token), files, client.meta.endpoint_url, arn]",
    )
    key, has_token, has_files, endpoint, arn = deploy_in_world(handler(*lines)).invoke().payload
    assert (key != "DECOY", has_token, has_files) == (True, True, False)
    assert endpoint.startswith("http://127.0.0.1:")
    assert ":assumed-role/lambda/" in arn


def test_the_same_holds_for_a_program_that_the_function_starts(deploy_in_world: Deploy, decoys: Path) -> None:
    program = "import boto3; c = boto3.client('s3'); print(c.meta.endpoint_url, c._request_signer._credentials.method)"
    lines = "import subprocess", f'command = ["python3", "-c", "{program}"]'
    answer = deploy_in_world(handler(*lines, "return subprocess.check_output(command, text=True)")).invoke()
    endpoint, method = answer.payload.split()
    assert endpoint.startswith("http://127.0.0.1:")
    assert method == "env"


def test_a_function_sees_no_process_of_the_machine(deploy_in_world: Deploy) -> None:
    lines = "import os", "return [name for name in os.listdir('/proc') if name.isdigit()]"
    if os.environ.get("SCONES_TEST_CLOUD") == "compose":
        pytest.skip("a container lets nobody mount another /proc")
    assert len(deploy_in_world(handler(*lines)).invoke().payload) <= 2
