"""Train a network on the staged bicycles and motorcycles, and serve it to the state machine: for an SDK `PyTorch`."""

import io
import os
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn


def input_fn(image: bytes, content_type: str = "image/png") -> Tensor:
    picture = Image.open(io.BytesIO(image)).convert("RGB").resize((32, 32))
    return torch.tensor(list(picture.tobytes())).view(1, 32, 32, 3).permute(0, 3, 1, 2) / 255


if __name__ == "__main__":
    rows = [line.split() for line in Path(os.environ["SM_CHANNEL_TRAIN_LST"], "train.lst").read_text().splitlines()]
    images = torch.cat([input_fn(Path(os.environ["SM_CHANNEL_TRAIN"], name).read_bytes()) for _, _, name in rows])
    labels = torch.tensor([int(label) for _, label, _ in rows])
    features = nn.Conv2d(3, 32, 5, 2), nn.BatchNorm2d(32), nn.ReLU(), nn.Conv2d(32, 64, 5, 2), nn.BatchNorm2d(64)
    model = nn.Sequential(*features, nn.ReLU(), nn.Flatten(), nn.Dropout(0.5), nn.Linear(64 * 5 * 5, 2))
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    for batch in torch.randint(len(images), (int(os.environ.get("SM_HP_STEPS", "300")), 50)):
        loss = nn.functional.cross_entropy(model(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"train:loss={loss:.4f}")
    torch.jit.script(model.extend([nn.Softmax(1), nn.Flatten(0)]).eval()).save(os.environ["SM_MODEL_DIR"] + "/model.pt")
