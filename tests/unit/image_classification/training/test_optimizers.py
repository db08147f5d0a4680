import subprocess
import sys
from collections.abc import Callable

import pytest
import torch
from torch import nn

from image_classification.training.optimizers import Adam, Momentum, Optimizer, RMSprop, Rule

RATE, DECAY = 0.05, 0.01
Groups = list[dict[str, object]]


@pytest.mark.parametrize(
    ("rule", "reference"),
    [
        (Momentum(0.9, nesterov=False), lambda groups: torch.optim.SGD(groups, RATE, 0.9)),
        (Momentum(0.9, nesterov=True), lambda groups: torch.optim.SGD(groups, RATE, 0.9, nesterov=True)),
        (Momentum(0.0, nesterov=True), lambda groups: torch.optim.SGD(groups, RATE)),
        (Adam(0.9, 0.99, 1e-8), lambda groups: torch.optim.Adam(groups, RATE, betas=(0.9, 0.99))),
        (RMSprop(0.9, 1e-8), lambda groups: torch.optim.RMSprop(groups, RATE, alpha=0.9)),
    ],
)
def test_an_optimizer_takes_the_same_steps_as_pytorchs(
    rule: Rule, reference: Callable[[Groups], torch.optim.Optimizer]
) -> None:
    torch.manual_seed(0)
    own, other = nn.Linear(3, 4), nn.Linear(3, 4)
    other.load_state_dict(own.state_dict())
    optimizer = Optimizer(own, rule, DECAY)
    groups: Groups = [{"params": [other.weight], "weight_decay": DECAY}, {"params": [other.bias]}]
    expected = reference(groups)
    for _ in range(5):
        images = torch.randn(7, 3)
        for model in (own, other):
            model.zero_grad()
            model(images).pow(2).sum().backward()
        optimizer.step(RATE)
        expected.step()
    torch.testing.assert_close(own.weight, other.weight)
    torch.testing.assert_close(own.bias, other.bias)


@pytest.mark.slow
def test_training_does_not_import_pytorchs_compiler() -> None:
    program = (
        "import sys, torch; from image_classification.training.optimizers import Momentum, Optimizer; "
        "layer = torch.nn.Linear(1, 1); layer(torch.ones(1)).sum().backward(); "
        "Optimizer(layer, Momentum(0.9, True), 0.1).step(0.1); "
        "assert 'torch._dynamo' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
