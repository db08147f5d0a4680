from localstack_plugin.lambda_executor.interpreters import Interpreter
from localstack_plugin.lambda_executor.process.command import START_WRAPPER, WRAPPER, command_of, where_seen
from localstack_plugin.lambda_executor.process.folders import SEEN_IN_SANDBOX, Folders

PYTHON = Interpreter("/usr/bin/python3.12", "/usr", "3.12.1")
HOST = Folders("/code", "/layers", "/packages", "/scratch/tmp", "/bootstrap")


def test_the_bootstrap_program_is_the_last_argument() -> None:
    assert command_of(PYTHON, {}, HOST) == ["/usr/bin/python3.12", "-S", "-P", "/bootstrap/bootstrap.py"]


def test_a_wrapper_script_gets_the_command_of_the_runtime() -> None:
    runtime = command_of(PYTHON, {}, SEEN_IN_SANDBOX)
    command = command_of(PYTHON, {WRAPPER: "/opt/bin/wrapper"}, SEEN_IN_SANDBOX)
    assert command == ["/bin/sh", "-c", START_WRAPPER, "/opt/bin/wrapper", *runtime]


def test_a_wrapper_script_is_found_where_the_function_sees_it() -> None:
    paths = ["/var/task/wrapper", "/opt/bin/wrapper", "/var/tasks/wrapper", "/usr/bin/env"]
    assert [where_seen(path, HOST) for path in paths] == ["/code/wrapper", "/layers/bin/wrapper", *paths[2:]]
