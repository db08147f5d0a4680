"""The residual networks: the default for small images, He's ResNets for small images and those for ImageNet.

They use only layers that `onnx_export.py` can write.
"""

from collections.abc import Callable

from torch import Tensor, nn

from image_classification.hyperparameters import SMALL_IMAGE_LAYERS

LARGE_IMAGE_BLOCKS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
}
BOTTLENECK_FROM, EXPANSION = 50, 4
Block = Callable[[int, int, int], nn.Module]  # inputs, outputs, stride


def convolution(inputs: int, outputs: int, size: int, stride: int = 1) -> list[nn.Module]:
    """Return a convolution followed by batch normalization."""
    return [nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs)]


class Residual(nn.Module):
    """relu(body(x) + shortcut(x)). The shortcut is a convolution if the shape changes, else the identity."""

    def __init__(self, body: list[nn.Module], inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*body)
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Sequential(*([] if same else convolution(inputs, outputs, 1, stride)))
        self.relu = nn.ReLU(inplace=True)

    def forward(self, features: Tensor) -> Tensor:
        result: Tensor = self.relu(self.body(features) + self.shortcut(features))
        return result


def basic_block(inputs: int, outputs: int, stride: int) -> Residual:
    body = [*convolution(inputs, outputs, 3, stride), nn.ReLU(inplace=True), *convolution(outputs, outputs, 3)]
    return Residual(body, inputs, outputs, stride)


def bottleneck_block(inputs: int, outputs: int, stride: int) -> Residual:
    narrow = outputs // EXPANSION
    body = [
        *convolution(inputs, narrow, 1),
        nn.ReLU(inplace=True),
        *convolution(narrow, narrow, 3, stride),
        nn.ReLU(inplace=True),
        *convolution(narrow, outputs, 1),
    ]
    return Residual(body, inputs, outputs, stride)


def stages(block: Block, inputs: int, widths: tuple[int, ...], depths: tuple[int, ...]) -> list[nn.Module]:
    """Return the blocks of all stages. Every stage but the first halves height and width."""
    layers: list[nn.Module] = []
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        for position in range(depth):
            stride = 2 if stage > 0 and position == 0 else 1
            layers.append(block(inputs, width, stride))
            inputs = width
    return layers


def head(features: int, num_classes: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(features, num_classes)]


def default_network(channels: int, num_classes: int) -> nn.Sequential:
    """Return the default for small images: shallow, wide, faster on a CPU than ResNet-20 and more accurate."""
    stem = [*convolution(channels, 32, 3), nn.ReLU(inplace=True), *convolution(32, 32, 3, 2), nn.ReLU(inplace=True)]
    return nn.Sequential(*stem, *stages(basic_block, 32, (32, 64, 128), (1, 1, 1)), *head(128, num_classes))


def small_image_resnet(num_layers: int, channels: int, num_classes: int) -> nn.Sequential:
    """Return a ResNet of 6n + 2 layers (He et al., 2015, section 4.2)."""
    depth = (num_layers - 2) // 6
    stem = [*convolution(channels, 16, 3), nn.ReLU(inplace=True)]
    return nn.Sequential(*stem, *stages(basic_block, 16, (16, 32, 64), (depth,) * 3), *head(64, num_classes))


def large_image_resnet(num_layers: int, channels: int, num_classes: int) -> nn.Sequential:
    """Return a ResNet for ImageNet (He et al., 2015, section 4.1)."""
    stem = [*convolution(channels, 64, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    deep = num_layers >= BOTTLENECK_FROM
    widths = (256, 512, 1024, 2048) if deep else (64, 128, 256, 512)
    block = bottleneck_block if deep else basic_block
    return nn.Sequential(
        *stem, *stages(block, 64, widths, LARGE_IMAGE_BLOCKS[num_layers]), *head(widths[-1], num_classes)
    )


def network(num_layers: int | None, channels: int, num_classes: int) -> nn.Sequential:
    """Return the network of that depth; None is the default for small images."""
    if num_layers is None:
        return default_network(channels, num_classes)
    if num_layers in SMALL_IMAGE_LAYERS:
        return small_image_resnet(num_layers, channels, num_classes)
    return large_image_resnet(num_layers, channels, num_classes)
