"""The text of each setting: accepted spellings, and the advice in the error message."""

from pathlib import Path

import pytest

from scones import settings
from scones.errors import SettingsError
from scones.settings import PROJECT, Settings, parsers

NOWHERE = Path("/nowhere")
KNOWN = ", ".join(settings.BY_NAME)


def loaded(**variables: str) -> Settings:
    return settings.load({}, variables, "default", NOWHERE)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("images", "1", 1),
        ("images", "007", 7),
        ("confirm", "YES", True),
        ("confirm", "On", True),
        ("yes", "1", True),
        ("yes", "true", True),
        ("confirm", "no", False),
        ("confirm", "0", False),
        ("confirm", "FALSE", False),
        ("confirm", "off", False),
        ("threshold", "1", 1.0),
        ("threshold", "0.", 0.0),
        ("tolerated_failure_percentage", "100", 100.0),
        ("tolerated_failure_percentage", "0.5", 0.5),
        ("classes", " pickup_truck , bus", ("pickup_truck", "bus")),
        ("hyperparameters", "a=1 b='x y' c=d=e", {"image_shape": "3,32,32", "a": "1", "b": "x y", "c": "d=e"}),
        ("training_instance_type", "ml.g4dn.xlarge", "ml.g4dn.xlarge"),
        ("bucket", "a.b-c0", "a.b-c0"),
        ("bucket", "a" * 63, "a" * 63),
        ("endpoint_name", "a" * 40, "a" * 40),
        ("stack", "A-1", "A-1"),
        ("notification_email", "a@b.c", "a@b.c"),
        ("role", "arn:aws-cn:iam::123456789012:role/path/name", "arn:aws-cn:iam::123456789012:role/path/name"),
        ("out", "~/x/../y", Path.home().resolve() / "y"),
        ("image_uri", "any:1", "any:1"),
    ],
)
def test_a_value_is_read(name: str, text: str, value: object) -> None:
    classes = {"NEAR_CLASSES": "bus"} if name == "classes" else {}
    assert getattr(loaded(**{name.upper(): text}, **classes), name) == value


@pytest.mark.parametrize(
    ("name", "text", "right"),
    [
        ("images", "1.0", "a whole number of at least 1"),
        ("images", "0", "a whole number of at least 1"),
        ("yes", "maybe", "yes or no"),
        ("threshold", "1.01", "a number from 0 to 1"),
        ("threshold", "-0.1", "a number from 0 to 1"),
        ("threshold", "1e-1", "a number from 0 to 1"),
        ("tolerated_failure_percentage", "100.1", "a number from 0 to 100"),
        ("tolerated_failure_percentage", "1.", "a number from 0 to 100"),
        ("classes", "bus,bus", "CIFAR-100's fine labels, each once, such as bicycle,motorcycle,pickup_truck"),
        ("classes", "bus,", "CIFAR-100's fine labels, each once, such as bicycle,motorcycle,pickup_truck"),
        ("hyperparameters", "a", "pairs such as 'epochs=20 optimizer=adam'"),
        ("hyperparameters", "a=", "pairs such as 'epochs=20 optimizer=adam'"),
        ("hyperparameters", "a='", "pairs such as 'epochs=20 optimizer=adam' (No closing quotation)"),
        ("out", "~nobody-of-this-name", "a path; the user after its ~ does not exist"),
        ("bucket", "ab-", "a bucket's name: 3 to 63 of a-z, 0-9, dot and hyphen"),
        ("endpoint_name", "a" * 41, "lower-case letters, digits and inner hyphens, at most 40"),
        ("stack", "a" * 64, "letters, digits and hyphens, beginning with a letter, at most 63"),
        ("notification_email", "a b@c.d", "an e-mail address"),
        ("role", "arn:aws:iam::1:role/x", "a role's ARN, arn:aws:iam::<account>:role/<name>"),
        (
            "endpoint_instance_type",
            "m5.xlarge",
            "an instance type such as ml.m5.xlarge, or local for the SageMaker SDK's local mode",
        ),
    ],
)
def test_an_error_says_what_is_allowed(name: str, text: str, right: str) -> None:
    with pytest.raises(SettingsError) as refused:
        loaded(**{name.upper(): text})
    assert str(refused.value) == f"{name.upper()} is {text!r}: it must be {right}"


def test_a_pattern_must_match_the_whole_text() -> None:
    parse = parsers.matching("a+", "only a")
    assert parse("aa") == "aa"
    with pytest.raises(ValueError, match=r"^only a$"):
        parse("ab")


def test_a_file_with_sections_of_other_targets_sets_nothing(tmp_path: Path) -> None:
    (tmp_path / "targets.toml").write_text("[other]\nimages = 1")
    assert settings.load({}, {}, "default", tmp_path / "targets.toml").images == 40


def test_an_unset_setting_has_its_default() -> None:
    made = loaded()
    assert (made.target, made.bucket, made.images, made.concurrency, made.threshold) == ("default", None, 40, 8, 0.93)
    assert (made.confirm, made.yes, made.classes) == (True, False, ("bicycle", "motorcycle"))
    assert made.hyperparameters == {"image_shape": "3,32,32"}
    assert (made.downloads, made.staged) == (PROJECT / "data", PROJECT / "out" / "staged")


def test_an_empty_variable_is_an_unset_one() -> None:
    assert loaded(IMAGES="").images == 40


def test_an_empty_argument_is_a_value() -> None:
    with pytest.raises(SettingsError, match=r"^--endpoint-name is '': it must be lower-case"):
        settings.load({"endpoint_name": ""}, {"ENDPOINT_NAME": "a"}, "t", NOWHERE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[default", "{file} is not TOML: "),
        ("default = 1", "{file}: default is 1: it must be a section [default]"),
        (
            "[default]\ncolor = 'red'",
            "{file}: [default] has 'color', which is not a setting; the settings are ",
        ),
        ("[default]\nred = 1", f"{{file}}: [default] has 'red', which is not a setting; the settings are {KNOWN}"),
        ("[default]\nimages = 'x'", "images in {file} is 'x': it must be a whole number of at least 1"),
        (
            "[default]\nhyperparameters = 1",
            "{file}: hyperparameters is 1: it must be a table of name = value",
        ),
    ],
)
def test_an_error_in_the_file_names_the_file_and_the_setting(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "targets.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as refused:
        settings.load({}, {}, "any", file)
    assert str(refused.value).startswith(message.format(file=file))
