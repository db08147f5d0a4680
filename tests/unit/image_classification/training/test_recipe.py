import pytest

from image_classification.hyperparameters import parse_hyperparameters
from image_classification.training.recipe import differences, recipe_for

REQUIRED = {"num_classes": "2", "num_training_samples": "1000"}
SMALL = {**REQUIRED, "image_shape": "3,32,32"}


def test_large_images_are_trained_by_the_defaults_of_aws() -> None:
    hyperparameters = parse_hyperparameters(REQUIRED)
    recipe = recipe_for(hyperparameters)
    assert (recipe.num_layers, recipe.optimizer, recipe.learning_rate, recipe.momentum) == (152, "sgd", 0.1, 0.9)
    assert (recipe.augmentation, recipe.weight_decay, recipe.one_cycle) == (None, 1e-4, False)


def test_small_images_get_the_small_network_and_the_log_says_so() -> None:
    hyperparameters = parse_hyperparameters(SMALL)
    assert recipe_for(hyperparameters).num_layers is None
    assert any("num_layers is not given" in note for note in differences(hyperparameters))


def test_explicit_hyperparameters_are_obeyed_for_small_images_too() -> None:
    explicit = {"num_layers": "152", "optimizer": "adam", "learning_rate": "0.001", "weight_decay": "0.5"}
    hyperparameters = parse_hyperparameters(
        {**SMALL, **explicit, "augmentation_type": "crop", "lr_scheduler_step": "20,10"}
    )
    recipe = recipe_for(hyperparameters)
    assert (recipe.num_layers, recipe.optimizer, recipe.learning_rate, recipe.weight_decay) == (152, "adam", 0.001, 0.5)
    assert (recipe.augmentation, recipe.one_cycle, hyperparameters.lr_scheduler_step) == ("crop", False, (10, 20))
    assert not any("num_layers is not given" in note for note in differences(hyperparameters))


@pytest.mark.parametrize(
    ("texts", "precision"),
    [
        (SMALL, "float32"),
        ({**SMALL, "num_layers": "20"}, None),
        ({**SMALL, "num_layers": "20", "precision_dtype": "float32"}, "float32"),
        ({**SMALL, "precision_dtype": "float16"}, "float16"),
        (REQUIRED, "float32"),
    ],
)
def test_a_named_network_for_small_images_leaves_the_precision_to_the_processor(
    texts: dict[str, str], precision: str | None
) -> None:
    hyperparameters = parse_hyperparameters(texts)
    assert recipe_for(hyperparameters).precision_dtype == precision
    assert any("precision_dtype is not given" in note for note in differences(hyperparameters)) == (precision is None)


@pytest.mark.parametrize(("shape", "small"), [("3,32,32", True), ("3,33,32", False), ("3,32,33", False)])
def test_images_are_small_up_to_32_pixels_on_each_side(shape: str, small: bool) -> None:
    recipe = recipe_for(parse_hyperparameters({**REQUIRED, "image_shape": shape}))
    assert (recipe.num_layers is None, recipe.one_cycle, recipe.mirror_averaging) == (small, small, small)


def test_only_an_image_that_is_trained_mirrored_is_averaged_with_its_mirror_image() -> None:
    recipe = recipe_for(parse_hyperparameters({**SMALL, "augmentation_type": "crop"}))
    assert (recipe.augmentation, recipe.mirror_averaging) == ("crop", False)


def test_multi_label_jobs_do_not_smooth_labels() -> None:
    smoothing = [recipe_for(parse_hyperparameters({**SMALL, "multi_label": flag})).label_smoothing for flag in "01"]
    assert smoothing == [0.1, 0]


def test_weight_decay_is_higher_only_with_the_recipes_own_optimizer() -> None:
    decays = [recipe_for(parse_hyperparameters(texts)).weight_decay for texts in (SMALL, {**SMALL, "optimizer": "nag"})]
    assert decays == [1e-3, 1e-4]


def test_explicit_zeros_are_obeyed() -> None:
    recipe = recipe_for(parse_hyperparameters({**SMALL, "learning_rate": "0", "momentum": "0", "weight_decay": "0"}))
    assert (recipe.learning_rate, recipe.momentum, recipe.weight_decay) == (0, 0, 0)


def test_the_log_says_what_dist_async_does() -> None:
    notes = [differences(parse_hyperparameters({**REQUIRED, "kv_store": kind})) for kind in ("dist_sync", "dist_async")]
    assert len(notes[1]) == len(notes[0]) + 1
    assert notes[1][-1].startswith("Different from AWS: kv_store dist_async averages gradients")
