"""What pip is configured for reaches uv."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scones_unlimited.package_sources import pip_environment, uv_environment


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """Return an environment whose home has no settings."""
    return {"HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}


@pytest.mark.parametrize(
    ("pip", "uv"),
    [
        ({"PIP_INDEX_URL": "https://mirror/simple"}, {"UV_DEFAULT_INDEX": "https://mirror/simple"}),
        (
            {"PIP_EXTRA_INDEX_URL": "https://a/simple https://b/simple"},
            {"UV_INDEX": "https://a/simple https://b/simple", "UV_INDEX_STRATEGY": "unsafe-best-match"},
        ),
        ({"PIP_FIND_LINKS": "/wheels /more"}, {"UV_FIND_LINKS": "/wheels,/more"}),
        ({"PIP_NO_INDEX": "1"}, {"UV_NO_INDEX": "1"}),
        ({"PIP_TRUSTED_HOST": "mirror"}, {"UV_INSECURE_HOST": "mirror"}),
        ({"PIP_PROXY": "http://proxy:8080"}, {"HTTPS_PROXY": "http://proxy:8080", "HTTP_PROXY": "http://proxy:8080"}),
        ({"PIP_CERT": "/ca.pem"}, {"SSL_CERT_FILE": "/ca.pem"}),
        ({"REQUESTS_CA_BUNDLE": "/ca.pem"}, {"SSL_CERT_FILE": "/ca.pem"}),
        ({"PIP_CERT": "/ca.pem", "REQUESTS_CA_BUNDLE": "/other.pem"}, {"SSL_CERT_FILE": "/ca.pem"}),
        ({"HTTPS_PROXY": "http://proxy:8080"}, {"HTTPS_PROXY": "http://proxy:8080"}),
        ({}, {"UV_NATIVE_TLS": "1"}),
    ],
)
def test_a_pip_variable_is_translated_for_uv(home: dict[str, str], pip: dict[str, str], uv: dict[str, str]) -> None:
    assert uv.items() <= uv_environment(home | pip).items()


def test_a_uv_variable_takes_precedence(home: dict[str, str]) -> None:
    both = home | {"PIP_INDEX_URL": "https://mirror/simple", "UV_DEFAULT_INDEX": "https://own/simple"}
    assert uv_environment(both)["UV_DEFAULT_INDEX"] == "https://own/simple"


def pip_conf(home: Path, text: str) -> None:
    file = home / ".config" / "pip" / "pip.conf"
    file.parent.mkdir(parents=True)
    file.write_text(text)


def test_the_users_pip_conf_is_translated_for_uv(tmp_path: Path) -> None:
    pip_conf(tmp_path, "[global]\nindex-url = https://mirror/simple\n[install]\nfind-links =\n  /wheels\n  /more\n")
    variables = uv_environment({"HOME": str(tmp_path)})
    assert variables["UV_DEFAULT_INDEX"] == "https://mirror/simple"
    assert "/wheels,/more" in variables["UV_FIND_LINKS"]


def test_macos_has_a_pip_conf_in_the_library(tmp_path: Path) -> None:
    file = tmp_path / "Library" / "Application Support" / "pip" / "pip.conf"
    file.parent.mkdir(parents=True)
    file.write_text("[global]\nindex-url = https://mirror/simple\n")
    environment = {"HOME": str(tmp_path)}
    assert uv_environment(environment, system="darwin")["UV_DEFAULT_INDEX"] == "https://mirror/simple"
    assert uv_environment(environment, system="linux").get("UV_DEFAULT_INDEX") != "https://mirror/simple"


def test_a_variable_of_pip_takes_precedence_over_its_file(tmp_path: Path) -> None:
    pip_conf(tmp_path, "[global]\nindex-url = https://mirror/simple\n")
    variables = uv_environment({"HOME": str(tmp_path), "PIP_INDEX_URL": "https://other/simple"})
    assert variables["UV_DEFAULT_INDEX"] == "https://other/simple"


def test_a_broken_pip_conf_is_left_to_pip(tmp_path: Path) -> None:
    pip_conf(tmp_path, "index-url before any section\n")
    assert "UV_DEFAULT_INDEX" not in uv_environment({"HOME": str(tmp_path)})


def test_a_users_own_configuration_of_uv_takes_precedence(tmp_path: Path) -> None:
    pip_conf(tmp_path, "[global]\nindex-url = https://mirror/simple\n")
    (tmp_path / ".config" / "uv").mkdir()
    (tmp_path / ".config" / "uv" / "uv.toml").write_text("")
    assert "UV_DEFAULT_INDEX" not in uv_environment({"HOME": str(tmp_path)})


def test_pip_itself_trusts_the_bundle_of_ssl_cert_file() -> None:
    assert pip_environment({"SSL_CERT_FILE": "/ca.pem"})["PIP_CERT"] == "/ca.pem"
    assert "PIP_CERT" not in pip_environment({"SSL_CERT_FILE": "/ca.pem", "REQUESTS_CA_BUNDLE": "/other.pem"})
