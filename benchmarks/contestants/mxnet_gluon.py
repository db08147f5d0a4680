"""Train ResNet-20 with MXNet 1.9.1: RecordIO, ImageRecordIter, a compiled graph, SGD. Usage: mxnet_gluon.py FOLDER

FOLDER is laid out like /opt/ml/input/data. The program prints the seconds of each epoch. It needs an environment of its
own.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import mxnet as mx
from mxnet import autograd, gluon
from mxnet.gluon import nn

BATCH, EPOCHS, PADDING = 32, 3, 4


class Block(nn.HybridBlock):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.HybridSequential()
        self.body.add(
            nn.Conv2D(outputs, 3, stride, 1, use_bias=False, in_channels=inputs),
            nn.BatchNorm(),
            nn.Activation("relu"),
            nn.Conv2D(outputs, 3, 1, 1, use_bias=False, in_channels=outputs),
            nn.BatchNorm(),
        )
        self.shortcut = nn.HybridSequential()
        if stride != 1 or inputs != outputs:
            self.shortcut.add(nn.Conv2D(outputs, 1, stride, use_bias=False, in_channels=inputs), nn.BatchNorm())

    def hybrid_forward(self, F: Any, features: Any) -> Any:  # noqa: N803 MXNet's own name
        shortcut = self.shortcut(features) if len(self.shortcut) else features
        return F.Activation(self.body(features) + shortcut, act_type="relu")


def resnet20(num_classes: int = 2) -> Any:
    network = nn.HybridSequential()
    network.add(nn.Conv2D(16, 3, 1, 1, use_bias=False), nn.BatchNorm(), nn.Activation("relu"))
    inputs = 16
    for outputs, first_stride in ((16, 1), (32, 2), (64, 2)):
        for stride in (first_stride, 1, 1):
            network.add(Block(inputs, outputs, stride))
            inputs = outputs
    network.add(nn.GlobalAvgPool2D(), nn.Flatten(), nn.Dense(num_classes))
    return network


def packed(folder: Path, target: Path) -> None:
    """Write the channel as RecordIO, which ImageRecordIter decodes and augments in its own threads."""
    writer = mx.recordio.MXRecordIO(str(target), "w")
    for line in (folder / "train_lst" / "train.lst").read_text().splitlines():
        index, label, name = line.split("\t")
        header = mx.recordio.IRHeader(0, float(label), int(index), 0)
        writer.write(mx.recordio.pack(header, (folder / "train" / name).read_bytes()))
    writer.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        records = Path(scratch) / "train.rec"
        packed(Path(sys.argv[1]), records)
        images = mx.io.ImageRecordIter(
            path_imgrec=str(records), data_shape=(3, 32, 32), batch_size=BATCH, shuffle=True, rand_crop=True,
            rand_mirror=True, pad=PADDING, mean_r=127.5, mean_g=127.5, mean_b=127.5, std_r=64, std_g=64, std_b=64,
            preprocess_threads=2, round_batch=False,
        )  # fmt: skip
        network, criterion = resnet20(), gluon.loss.SoftmaxCrossEntropyLoss()
        network.initialize(mx.init.Xavier())
        network.hybridize(static_alloc=True, static_shape=True)
        optimizer = {"learning_rate": 0.1, "momentum": 0.9, "wd": 1e-4}
        trainer = gluon.Trainer(network.collect_params(), "sgd", optimizer)
        for _ in range(EPOCHS):
            train_one_epoch(network, criterion, trainer, images)


def train_one_epoch(network: Any, criterion: Any, trainer: Any, images: Any) -> None:
    images.reset()
    started = time.perf_counter()
    for _ in range(31):
        batch = images.next()
        pixels, labels = (values[0].as_in_context(mx.cpu()) for values in (batch.data, batch.label))
        with autograd.record():
            loss = criterion(network(pixels), labels)
        loss.backward()
        trainer.step(BATCH)
        loss.wait_to_read()
    mx.nd.waitall()
    print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
