"""The AWS configuration of a shell: the user's profiles beside the kit's."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from local_cloud.aws_environment import shell_config
from local_cloud.servers import servers
from local_cloud.settings import Settings
from local_cloud.shell.config import hides_own_profiles, write_shell_config
from safety.sandbox import personal_files

THEIRS = """\
# mine
[default]
region = eu-west-1

[profile prod]
region = eu-central-1
role_arn = arn:aws:iam::111122223333:role/me
source_profile = default
[ profile  "local" ]
region = mars-1
[profile local-stack]
region = eu-west-3
[services local]
s3 =
    endpoint_url = http://mine
"""
Write = Callable[[str], Path]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path / "state", localstack_port=5566, sagemaker_port=5570)


@pytest.fixture
def write(settings: Settings, tmp_path: Path) -> Write:
    """Return a function that writes the shell's configuration for a user with this configuration."""

    def write_config(text: str) -> Path:
        theirs = tmp_path / "theirs"
        theirs.write_text(text)
        write_shell_config(settings, {"AWS_CONFIG_FILE": str(theirs)})
        return shell_config(settings)

    return write_config


def session(monkeypatch: pytest.MonkeyPatch, config: Path, profile: str) -> boto3.Session:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    return boto3.Session(profile_name=profile)


def test_the_users_profiles_are_as_they_were(monkeypatch: pytest.MonkeyPatch, write: Write) -> None:
    config = write(THEIRS)
    for profile, region in (("default", "eu-west-1"), ("prod", "eu-central-1"), ("local-stack", "eu-west-3")):
        assert session(monkeypatch, config, profile).region_name == region


@pytest.mark.parametrize("profile", ["local", "local-mode"])
def test_the_kits_profiles_replace_those_of_the_same_name(
    monkeypatch: pytest.MonkeyPatch, write: Write, profile: str
) -> None:
    ours = session(monkeypatch, write(THEIRS), profile)
    assert ours.region_name == "us-east-1"
    assert ours.client("s3").meta.endpoint_url == "http://127.0.0.1:5566"
    assert ours.client("sagemaker-runtime").meta.endpoint_url == "http://127.0.0.1:5570"


@pytest.mark.parametrize("profile", ["local", "local-mode"])
def test_the_kits_profiles_assume_a_role(monkeypatch: pytest.MonkeyPatch, write: Write, profile: str) -> None:
    credentials = session(monkeypatch, write(""), profile).get_credentials()
    assert credentials
    assert credentials.method == "assume-role"


def test_only_the_user_can_read_it(write: Write) -> None:
    config = write(THEIRS)
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert stat.S_IMODE(config.parent.stat().st_mode) == 0o700
    assert list(config.parent.iterdir()) == [config]


def test_containers_and_functions_do_not_see_it(settings: Settings) -> None:
    for server in servers(settings, {}):
        assert str(shell_config(settings).parent) in personal_files(server.environment)


def test_the_kits_own_configuration_is_not_copied_as_the_users(settings: Settings, write: Write) -> None:
    text = write("").read_text()
    write_shell_config(settings, {"AWS_CONFIG_FILE": str(shell_config(settings))})
    assert shell_config(settings).read_text() == text


def test_a_configuration_that_cannot_be_read_is_ignored(settings: Settings, tmp_path: Path, write: Write) -> None:
    text = write("").read_text()
    write_shell_config(settings, {"AWS_CONFIG_FILE": str(tmp_path)})
    assert shell_config(settings).read_text() == text


def test_bytes_that_are_not_utf_8_are_copied(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "theirs").write_bytes(b"[profile caf\xe9]\nregion = x\n")
    write_shell_config(settings, {"AWS_CONFIG_FILE": str(tmp_path / "theirs")})
    assert b"[profile caf\xe9]" in shell_config(settings).read_bytes()


@pytest.mark.parametrize(("section", "hides"), [("local", True), ("local-mode", True), ("prod", False)])
def test_credentials_of_a_profile_named_like_the_kits_are_detected(tmp_path: Path, section: str, hides: bool) -> None:
    file = tmp_path / "credentials"
    file.write_text(f"[default]\naws_access_key_id = x\n[{section}]\naws_access_key_id = y\n")
    assert hides_own_profiles({"AWS_SHARED_CREDENTIALS_FILE": str(file)}) is hides
