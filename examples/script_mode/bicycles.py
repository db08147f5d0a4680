"""Train a network on the staged bicycles and motorcycles, and serve it to the state machine: for an SDK `PyTorch`."""

import io
import os
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn


def block(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2))


def network() -> nn.Sequential:
    return nn.Sequential(block(3, 16), block(16, 32), block(32, 64), nn.Flatten(), nn.Dropout(0.2), nn.Linear(1024, 2))


def model_fn(model_dir: str) -> nn.Module:
    model = network()
    model.load_state_dict(torch.load(Path(model_dir) / "bicycles.pt"))
    return model.eval()


def input_fn(image: bytes, content_type: str = "image/png") -> Tensor:
    picture = Image.open(io.BytesIO(image)).convert("RGB").resize((32, 32))
    return torch.tensor(list(picture.tobytes())).view(32, 32, 3).permute(2, 0, 1) / 255


def predict_fn(image: Tensor, model: nn.Module) -> list[float]:
    return [float(probability) for probability in model(image[None])[0].softmax(0)]


if __name__ == "__main__":
    lines = Path(os.environ["SM_CHANNEL_TRAIN_LST"], "train.lst").read_text().splitlines()
    labels = {name: int(label) for _, label, name in map(str.split, lines)}
    images = torch.stack([input_fn(Path(os.environ["SM_CHANNEL_TRAIN"], name).read_bytes()) for name in labels])
    model, targets = network(), torch.tensor(list(labels.values()))
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    for epoch in range(int(os.environ.get("SM_HP_EPOCHS", "15"))):
        for batch in torch.randperm(len(images)).split(50):
            loss = nn.functional.cross_entropy(model(images[batch]), targets[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch={epoch} train:loss={loss:.4f}")
    torch.save(model.state_dict(), Path(os.environ["SM_MODEL_DIR"]) / "bicycles.pt")
