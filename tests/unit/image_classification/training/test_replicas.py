import contextlib
from functools import partial
from operator import mul

import pytest
import torch
from torch import Tensor, nn

from image_classification.network.classifier import Classifier, channels_last
from image_classification.network.resnets import network
from image_classification.training.replicas import PART, Replicas, statistics_of

BATCH = 2 * PART


def classifier() -> Classifier:
    torch.manual_seed(1)
    return channels_last(Classifier(network(20, 3, 2), torch.full((3,), 120.0), torch.full((3,), 60.0), False))


def batch(size: int = BATCH) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(2)
    images = torch.randint(0, 256, (size, 16, 16, 3), dtype=torch.uint8, generator=generator)
    return images, torch.eye(2)[torch.randint(0, 2, (size,), generator=generator)]


def replicas(model: Classifier, size: int = BATCH, cores: int = 1) -> Replicas:
    result = Replicas(model, nn.CrossEntropyLoss(), contextlib.nullcontext, size, cores)
    result.train()
    return result


def gradients(model: Classifier) -> list[Tensor]:
    return [weight.grad for weight in model.parameters() if weight.grad is not None]


@pytest.mark.parametrize("size", [PART, BATCH, BATCH + 3])
def test_the_gradients_equal_plain_training_on_each_part(size: int) -> None:
    # In float32, rounding decides whether a ReLU near zero passes its gradient, and each processor rounds differently.
    model, expected = classifier().double(), classifier().double().train()
    images, labels = batch(size)
    loss, logits = replicas(model, size).backward(images, labels, lambda scaled: scaled)
    parts = max(1, size // PART)
    answers = [expected(part).float() for part in images.tensor_split(parts)]
    expected_loss = nn.CrossEntropyLoss()(torch.cat(answers), labels)
    expected_loss.backward()
    torch.testing.assert_close(loss, expected_loss.detach())
    torch.testing.assert_close(logits, torch.cat(answers).detach())
    torch.testing.assert_close(gradients(model), gradients(expected))


def test_one_and_two_cores_compute_the_same_gradients() -> None:
    models = classifier(), classifier()
    for cores, model in enumerate(models, start=1):
        replicas(model, BATCH, cores).backward(*batch(), lambda loss: loss)
    torch.testing.assert_close(gradients(models[0]), gradients(models[1]), rtol=0, atol=0)


def test_the_model_gets_the_mean_statistics_of_its_parts() -> None:
    model, alone = classifier(), [classifier().train() for _ in range(2)]
    images, labels = batch()
    trained = replicas(model)
    trained.backward(images, labels, lambda loss: loss)
    trained.collect_statistics()
    for part, one in zip(images.tensor_split(2), alone, strict=True):
        one(part)
    expected = [torch.stack(values).mean(0) for values in zip(*map(statistics_of, alone), strict=True)]
    torch.testing.assert_close(statistics_of(model), expected)


def test_a_scaled_loss_has_scaled_gradients_and_is_returned_unscaled() -> None:
    models = classifier(), classifier()
    losses = [
        replicas(model).backward(*batch(), partial(mul, factor))[0]
        for factor, model in zip((1.0, 8.0), models, strict=True)
    ]
    torch.testing.assert_close(losses[0], losses[1])
    torch.testing.assert_close([value * 8 for value in gradients(models[0])], gradients(models[1]))
