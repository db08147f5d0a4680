"""Train ResNet-20 with plain PyTorch: files, DataLoader, Pillow, modules, SGD. Usage: eager_pytorch.py FOLDER

FOLDER is laid out like /opt/ml/input/data. The program prints the seconds of each epoch.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

BATCH, EPOCHS, PADDING = 32, 3, 4


class Images(Dataset[tuple[Tensor, int]]):
    def __init__(self, folder: Path) -> None:
        lines = (folder / "train_lst" / "train.lst").read_text().splitlines()
        self.entries = [line.split("\t") for line in lines]
        self.folder = folder / "train"

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        _, label, name = self.entries[index]
        with Image.open(self.folder / name) as file:
            image = ImageOps.expand(file.convert("RGB"), PADDING)
        left, top = random.randrange(2 * PADDING + 1), random.randrange(2 * PADDING + 1)
        image = image.crop((left, top, left + 32, top + 32))
        if random.random() < 0.5:
            image = ImageOps.mirror(image)
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255
        return (pixels - 0.5) / 0.25, int(float(label))


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, features: Tensor) -> Tensor:
        body = self.relu(self.bn1(self.conv1(features)))
        body = self.bn2(self.conv2(body))
        result: Tensor = self.relu(body + self.shortcut(features))
        return result


def resnet20(num_classes: int = 2) -> nn.Module:
    layers: list[nn.Module] = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)]
    inputs = 16
    for outputs, first_stride in ((16, 1), (32, 2), (64, 2)):
        for stride in (first_stride, 1, 1):
            layers.append(Block(inputs, outputs, stride))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, num_classes))


def main() -> None:
    torch.manual_seed(0)
    loader = DataLoader(Images(Path(sys.argv[1])), BATCH, shuffle=True, drop_last=True)
    model, criterion = resnet20(), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    model.train()
    for _ in range(EPOCHS):
        started = time.perf_counter()
        for images, labels in loader:
            optimizer.zero_grad()
            criterion(model(images), labels).backward()
            optimizer.step()
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
