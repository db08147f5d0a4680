from pathlib import Path

import pytest

from scones import settings
from scones.errors import SettingsError
from scones.settings import Settings

FILE = """
[default]
training_instance_type = "ml.p3.2xlarge"
images = 10

[local]
training_instance_type = "ml.m5.large"
hyperparameters = { epochs = 5, optimizer = "adam" }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "targets.toml"
    path.write_text(FILE)
    return path


def test_the_argument_wins_over_variable_file_and_default(file: Path) -> None:
    def images(arguments: dict[str, str], environ: dict[str, str], target: str) -> int:
        return settings.load(arguments, environ, target, file).images

    assert images({"images": "30"}, {"IMAGES": "20"}, "prod") == 30
    assert images({}, {"IMAGES": "20"}, "prod") == 20
    assert images({}, {}, "prod") == 10
    assert images({}, {}, "local") == 40


def test_a_profile_without_a_section_uses_the_default_section(file: Path) -> None:
    assert settings.load({}, {}, "prod", file).training_instance_type == "ml.p3.2xlarge"
    assert settings.load({}, {}, "local", file).training_instance_type == "ml.m5.large"


def test_hyperparameters_of_all_sources_are_merged(file: Path) -> None:
    loaded = settings.load({}, {"HYPERPARAMETERS": "epochs=7 learning_rate=0.05"}, "local", file)
    assert loaded.hyperparameters == {
        "image_shape": "3,32,32",
        "epochs": "7",
        "optimizer": "adam",
        "learning_rate": "0.05",
    }


def test_classes_keep_their_order() -> None:
    loaded = settings.load({}, {"CLASSES": "bus, train,bicycle", "NEAR_CLASSES": "bicycle,bus"}, "prod", Path("/none"))
    assert (loaded.classes, loaded.near_classes) == (("bus", "train", "bicycle"), ("bicycle", "bus"))


def test_a_near_class_that_is_not_a_class_is_named() -> None:
    with pytest.raises(SettingsError, match=r"NEAR_CLASSES has 'bicycle', which is not among CLASSES .bus,train"):
        settings.load({}, {"CLASSES": "bus,train"}, "prod", Path("/none"))


def test_a_single_class_is_refused() -> None:
    with pytest.raises(SettingsError, match="CLASSES is 'bicycle': it must name at least two classes"):
        settings.load({}, {"CLASSES": "bicycle"}, "prod", Path("/none"))


def load_variable(name: str, value: str) -> Settings:
    return settings.load({}, {name: value}, "default", Path("/nowhere"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("THRESHOLD", "1.5"),
        ("CLASSES", "bicycle,bicycle"),
        ("CLASSES", "Bicycle;motorcycle"),
        ("TOLERATED_FAILURE_PERCENTAGE", "101"),
        ("THRESHOLD", "nan"),
        ("IMAGES", "0"),
        ("IMAGES", "many"),
        ("CONCURRENCY", "-1"),
        ("BUCKET", "s3://mine"),
        ("ROLE", "my-role"),
        ("ENDPOINT_NAME", "Scones"),
        ("TRAINING_INSTANCE_TYPE", "p3"),
        ("HYPERPARAMETERS", "epochs"),
        ("HYPERPARAMETERS", 'epochs="1'),
        ("OUT", "~nobody-of-this-name/x"),
        ("STACK", "1a"),
    ],
)
def test_an_error_names_the_variable_its_value_and_the_right_form(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"{name} is '.*': it must be ") as caught:
        load_variable(name, value)
    assert value in str(caught.value)


@pytest.mark.parametrize(("text", "threshold"), [("1.", 1), (".5", 0.5), ("0", 0), ("0.93", 0.93)])
def test_a_share_has_many_spellings(text: str, threshold: float) -> None:
    assert load_variable("THRESHOLD", text).threshold == threshold


def test_an_error_describes_the_right_form() -> None:
    with pytest.raises(SettingsError, match="pairs such as"):
        load_variable("HYPERPARAMETERS", 'epochs="1')
    with pytest.raises(SettingsError, match="beginning with a letter"):
        load_variable("STACK", "1a")


def test_an_error_names_the_argument() -> None:
    with pytest.raises(SettingsError, match="--images is 'x'"):
        settings.load({"images": "x"}, {}, "default", Path("/nowhere"))


@pytest.mark.parametrize("text", ["[default\n", "default = 1", "[default]\ncolor = 'red'", "[default]\nimages = 'x'"])
def test_an_error_names_the_file(tmp_path: Path, text: str) -> None:
    file = tmp_path / "targets.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=str(file)):
        settings.load({}, {}, "default", file)


@pytest.mark.parametrize("target", ["default", "local"])
def test_the_projects_own_file_is_valid(target: str) -> None:
    loaded = settings.load({}, {}, target, settings.PROJECT / "targets.toml")
    assert loaded.training_instance_type.startswith("ml.")
