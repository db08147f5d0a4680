"""Logins at registries that a setting hands to the emulator."""

import json
from base64 import b64encode

import pytest

from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.engine.docker.logins import Logins

AUTH = {"auth": b64encode(b"me:a secret").decode()}


def test_a_login_is_used_at_its_registry_only() -> None:
    logins = Logins.of(json.dumps({"auths": {"registry.example": AUTH}}))
    login = logins.for_repository("registry.example/team/image")
    assert login is not None
    assert (login["username"], login["password"]) == ("me", "a secret")
    assert logins.for_repository("other.example/team/image") is None
    assert logins.for_repository("python") is None


def test_docker_hub_has_its_own_name_in_the_file() -> None:
    login = Logins.of(json.dumps({"auths": {"https://index.docker.io/v1/": AUTH}})).for_repository("python")
    assert login is not None
    assert login["username"] == "me"


def test_credential_helpers_are_not_run() -> None:
    config = {"auths": {"registry.example": AUTH}, "credsStore": "no-such-program"}
    assert Logins.of(json.dumps(config)).for_repository("registry.example/image") is not None


def test_without_the_setting_the_sdk_looks_for_logins_itself() -> None:
    assert Logins.of("").for_repository("registry.example/image") is None


@pytest.mark.parametrize(
    "config", ["a secret", "[]", '{"auths": "a secret"}', '{"auths": {"x": {"auth": "a secret"}}}']
)
def test_a_wrong_setting_is_named_and_its_text_is_not_repeated(config: str) -> None:
    with pytest.raises(EngineError, match="SAGEMAKER_EMULATOR_DOCKER_LOGINS is not") as refused:
        Logins.of(config)
    assert "a secret" not in str(refused.value)
