from pathlib import Path

import pytest

from image_classification.serving.settings import WORKERS_MAX, ServeSettings, SettingError, quota_cores, usable_cores


@pytest.mark.parametrize("name", ["SAGEMAKER_MODEL_SERVER_WORKERS", "SAGEMAKER_MODEL_SERVER_THREADS"])
@pytest.mark.parametrize("value", ["0", "-1", "two", "1000", "²", "9" * 5000])
def test_an_invalid_setting_is_refused_with_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"{name} is '.*'; it must be a whole number from 1 to "):
        ServeSettings.from_environment({name: value})


@pytest.mark.parametrize(("quota", "cores"), [("100000 100000", 1), ("150000 100000", 2), ("10000 100000", 1)])
def test_the_cpu_quota_of_the_container_limits_the_cores(tmp_path: Path, quota: str, cores: int) -> None:
    (tmp_path / "cpu.max").write_text(f"{quota}\n")
    assert usable_cores(tmp_path / "cpu.max") == min(cores, usable_cores(tmp_path / "none"))


def test_the_settings_default_to_those_of_sagemaker() -> None:
    settings = ServeSettings.from_environment({})
    assert (settings.host, settings.port, settings.max_payload_mb) == ("0.0.0.0", 8080, 6)  # noqa: S104
    assert settings.workers == usable_cores()


def test_workers_divide_the_cores_into_threads() -> None:
    assert ServeSettings.from_environment({"SAGEMAKER_MODEL_SERVER_WORKERS": "256"}).threads == 1


@pytest.mark.parametrize("text", ["max 100000", "", "100000"])
def test_a_container_without_a_quota_may_use_every_core(tmp_path: Path, text: str) -> None:
    (tmp_path / "cpu.max").write_text(text)
    assert quota_cores(tmp_path / "cpu.max") == quota_cores(tmp_path / "none") == WORKERS_MAX
