import pytest

from image_classification.failure import CustomerError
from image_classification.hyperparameters import parse_hyperparameters

REQUIRED = {"num_classes": "2", "num_training_samples": "1000"}


def test_names_that_begin_with_an_underscore_are_ignored() -> None:
    assert parse_hyperparameters({**REQUIRED, "_tuning_objective_metric": "validation:accuracy"}).num_classes == 2


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        (
            {"augmentation_type": "x"},
            "The value 'x' is not valid for the 'augmentation_type' hyperparameter which accepts one of the following: "
            "'crop', 'crop_color', 'crop_color_transform' (caused by ValidationError)",
        ),
        ({"x": "1"}, "Additional hyperparameters are not allowed ('x' was unexpected)"),
        ({"x": "1", "y": "2"}, "Additional hyperparameters are not allowed ('x', 'y' were unexpected)"),
        ({"mini_batch_size": "1001"}, "The number of input images must be bigger or equal to the mini_batch_size."),
        ({"num_classes": "two"}, "expects a positive integer"),
        ({"num_classes": "0"}, "expects a positive integer"),
        ({"num_classes": "1e3"}, "expects a positive integer"),
        ({"epochs": "-1"}, "expects a positive integer"),
        ({"epochs": "9" * 400}, "expects a positive integer"),
        ({"learning_rate": "1.5"}, "expects a number between 0 and 1"),
        ({"learning_rate": "nan"}, "expects a number between 0 and 1"),
        ({"learning_rate": ""}, "expects a number between 0 and 1"),
        ({"image_shape": "32,32"}, "expects 'channels,height,width'"),
        ({"image_shape": "3,0,32"}, "expects 'channels,height,width'"),
        ({"image_shape": "4,32,32"}, "expects 1 channel (gray) or 3 channels (color)"),
        ({"num_layers": "21"}, "accepts one of the following: '18', '34'"),
        ({"optimizer": "adagrad"}, "accepts one of the following: 'sgd', 'adam', 'rmsprop', 'nag'"),
        ({"lr_scheduler_step": "10;20"}, "expects epochs separated by commas"),
        ({"checkpoint_frequency": "31"}, "expects at most the number of epochs, 30"),
        ({"resize": "16"}, "expects at least the image_shape's 224"),
        ({"top_k": "3"}, "expects 2 to num_classes, 2"),
        ({"optimizer": "adam", "beta_2": "1.0"}, "The value '1' is not valid for the 'beta_2' hyperparameter"),
        ({"use_weighted_loss": "1"}, "expects 'multi_label' to be 1"),
        ({"early_stopping": "yes"}, "accepts one of the following"),
        ({"kv_store": "local"}, "accepts one of the following: 'dist_sync', 'dist_async'"),
        ({"precision_dtype": "float64"}, "accepts one of the following: 'float32', 'float16'"),
    ],
)
def test_a_wrong_value_is_refused_with_the_message_of_aws(hyperparameters: dict[str, str], message: str) -> None:
    with pytest.raises(CustomerError) as error:
        parse_hyperparameters({**REQUIRED, **hyperparameters})
    assert message in str(error.value)


def test_a_missing_required_name_is_reported() -> None:
    with pytest.raises(CustomerError) as error:
        parse_hyperparameters({"num_training_samples": "10"})
    assert str(error.value) == (
        "No value(s) were specified for 'num_classes' which are required hyperparameter(s) (caused by ValidationError)"
    )


def test_defaults_are_those_of_aws() -> None:
    hyperparameters = parse_hyperparameters(REQUIRED)
    assert hyperparameters.mini_batch_size == 32
    assert hyperparameters.epochs == 30
    assert hyperparameters.image_shape == (3, 224, 224)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("image_shape", "1, 28,32", (1, 28, 32)),
        ("lr_scheduler_step", "20, 10", (10, 20)),
        ("learning_rate", "1e-3", 0.001),
        ("momentum", "1", 1.0),
        ("early_stopping", "True", True),
        ("early_stopping", "0", False),
        ("num_layers", "20", 20),
        ("top_k", "2", 2),
        ("resize", "224", 224),
        ("checkpoint_frequency", "30", 30),
    ],
)
def test_a_value_is_parsed_up_to_its_limit(name: str, text: str, value: object) -> None:
    assert getattr(parse_hyperparameters({**REQUIRED, name: text}), name) == value
