from dataclasses import replace

import pytest
import torch

from image_classification.hyperparameters import Hyperparameters
from image_classification.training.recipe import recipe_for
from image_classification.training.schedules import criterion_for, one_cycle, schedule_for

SMALL = Hyperparameters(num_classes=2, num_training_samples=64, image_shape=(3, 32, 32), epochs=10)


def test_a_one_cycle_rate_rises_to_its_peak_and_falls_to_zero() -> None:
    rates = [one_cycle(0.1, 100)(step) for step in range(100)]
    assert max(rates) == rates[19] == rates[20] == pytest.approx(0.1)
    assert rates[:20] == sorted(rates[:20])
    assert rates[20:] == sorted(rates[20:], reverse=True)
    assert rates[-1] < 0.001


def test_a_cycle_of_one_step_begins_at_its_peak() -> None:
    assert one_cycle(0.1, 1)(0) == 0.1


def test_small_images_get_one_cycle_over_all_epochs() -> None:
    rate = schedule_for(recipe_for(SMALL), SMALL, batches_per_epoch=10)
    assert [rate(step) for step in (19, 100)] == [pytest.approx(0.1), pytest.approx(0)]


def test_the_rate_falls_by_its_factor_at_each_epoch_of_the_schedule() -> None:
    stepped = replace(SMALL, lr_scheduler_step=(2, 4), lr_scheduler_factor=0.5, learning_rate=0.8)
    rate = schedule_for(recipe_for(stepped), stepped, batches_per_epoch=10)
    assert [rate(step) for step in (0, 19, 20, 39, 40, 99)] == [0.8, 0.8, 0.4, 0.4, 0.2, 0.2]


def test_the_loss_of_one_label_is_smoothed_cross_entropy() -> None:
    loss = criterion_for(recipe_for(SMALL), SMALL, torch.eye(2))
    assert isinstance(loss, torch.nn.CrossEntropyLoss)
    assert loss.label_smoothing == 0.1


def test_a_weighted_loss_weights_each_class_by_its_rarity() -> None:
    weighted = replace(SMALL, multi_label=True, use_weighted_loss=True)
    labels = torch.tensor([[1.0, 0], [0, 0], [0, 0], [0, 0]])
    loss = criterion_for(recipe_for(weighted), weighted, labels)
    assert [values.tolist() for values in loss.buffers()] == [[3.0, 3.0]]
    plain = replace(weighted, use_weighted_loss=False)
    assert not list(criterion_for(recipe_for(plain), plain, labels).buffers())
