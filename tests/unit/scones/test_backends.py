"""The back end is chosen once, by the instance types."""

from collections.abc import Callable

import pytest

from scones.backends import SageMaker
from scones.context import Context
from scones.errors import SettingsError
from scones.local_mode.backend import LocalMode

MakeContext = Callable[..., Context]
LOCAL = {"training_instance_type": "local", "endpoint_instance_type": "local"}


def test_instance_types_of_aws_select_sagemaker(make_context: MakeContext) -> None:
    context = make_context()
    assert isinstance(context.sagemaker, SageMaker)
    assert context.client("sagemaker").meta.service_model.service_name == "sagemaker"


def test_local_instance_types_select_local_mode(make_context: MakeContext) -> None:
    context = make_context(**LOCAL)
    assert isinstance(context.sagemaker, LocalMode)
    assert context.client("sagemaker") is context.sagemaker.client


def test_the_model_registry_is_sagemakers_in_local_mode_too(make_context: MakeContext) -> None:
    assert make_context(**LOCAL).model_registry.meta.service_model.service_name == "sagemaker"


@pytest.mark.parametrize("setting", LOCAL)
def test_one_local_instance_type_is_an_error(make_context: MakeContext, setting: str) -> None:
    with pytest.raises(SettingsError, match="set both or neither to local"):
        make_context(**{setting: "local"})


def test_destroy_removes_the_records_of_local_mode(make_context: MakeContext) -> None:
    assert "local-mode/TrainingJob/scones-" in make_context(**LOCAL).sagemaker.record_prefixes("scones-")
    assert make_context().sagemaker.record_prefixes("scones-") == ()


def test_only_jobs_in_sagemaker_continue_after_ctrl_c(make_context: MakeContext) -> None:
    notes = {}
    for name, context in (("sagemaker", make_context()), ("local mode", make_context(**LOCAL))):
        with pytest.raises(KeyboardInterrupt) as interrupted, context.sagemaker.keeps_running("training job 1"):
            raise KeyboardInterrupt
        notes[name] = getattr(interrupted.value, "__notes__", [])
    assert notes == {"sagemaker": ["training job 1"], "local mode": []}
