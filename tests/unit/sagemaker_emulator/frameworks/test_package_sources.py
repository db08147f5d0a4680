"""pip's package sources, for uv and for the jobs' own pip."""

from __future__ import annotations

from pathlib import Path

from sagemaker_emulator.frameworks.package_sources import job_environment, torch_index, uv_environment


def home_with(tmp_path: Path, text: str) -> dict[str, str]:
    (tmp_path / ".config" / "pip").mkdir(parents=True)
    (tmp_path / ".config" / "pip" / "pip.conf").write_text(text)
    return {"HOME": str(tmp_path)}


def test_pips_file_is_translated_for_uv(tmp_path: Path) -> None:
    text = "[global]\nindex-url = https://index\nextra-index-url = https://a\n  https://b\nfind-links = /wheels\n"
    environment = uv_environment({**home_with(tmp_path, text), "PIP_FIND_LINKS": "/mine"})
    assert environment["UV_DEFAULT_INDEX"] == "https://index"
    assert environment["UV_INDEX"] == "https://a https://b"
    assert environment["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert environment["UV_FIND_LINKS"] == "/mine"


def test_uvs_own_variables_take_precedence() -> None:
    environment = uv_environment({"PIP_INDEX_URL": "https://pip", "UV_DEFAULT_INDEX": "https://uv"})
    assert environment["UV_DEFAULT_INDEX"] == "https://uv"


def test_the_users_environment_is_not_installed_into() -> None:
    assert "VIRTUAL_ENV" not in uv_environment({"VIRTUAL_ENV": "/mine"})


def test_a_jobs_pip_has_the_sources_of_the_users(tmp_path: Path) -> None:
    environment = job_environment(home_with(tmp_path, "[global]\nindex-url = https://index\n"))
    assert environment["PIP_INDEX_URL"] == "https://index"


def test_the_local_cloud_is_reached_without_the_proxy() -> None:
    environment = job_environment({"HTTPS_PROXY": "http://proxy", "NO_PROXY": "mine"})
    assert environment["NO_PROXY"] == "mine,127.0.0.1,localhost"


def test_an_index_that_does_not_answer_is_none() -> None:
    assert torch_index({"SCONES_TORCH_INDEX": "http://127.0.0.1:9/whl"}) is None
