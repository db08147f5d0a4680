"""A script as people write them: trains a linear model on CSV; model_fn loads it, AWS's defaults do the rest."""

import os
from pathlib import Path

import numpy as np
import torch


def network():
    return torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Sigmoid())


def model_fn(model_dir):
    model = network()
    model.load_state_dict(torch.load(Path(model_dir) / "weights.pth", weights_only=True))
    return model.eval()


def train():
    table = np.loadtxt(Path(os.environ["SM_CHANNEL_TRAIN"]) / "train.csv", delimiter=",", dtype=np.float32)
    labels, features = torch.from_numpy(table[:, :1]), torch.from_numpy(table[:, 1:])
    torch.manual_seed(0)
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for epoch in range(200):
        loss = torch.nn.functional.binary_cross_entropy(model(features), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} loss={loss.item()};")
    torch.save(model.state_dict(), Path(os.environ["SM_MODEL_DIR"]) / "weights.pth")


if __name__ == "__main__":
    train()
