#!/usr/bin/env python3
"""Draw a sample data set in CIFAR-100's archive format, for runs that cannot download CIFAR-100.

Usage: draw_sample.py OUT.tar.gz [CLASSES]

CLASSES are some of bicycle, motorcycle, bus, pickup_truck and train; the default is the first two. Each class gets 500
training and 100 test pictures, and a few pictures show only a backdrop. The pictures vary enough that a network has to
learn to tell them apart. The archive has the same bytes every time.
"""

import gzip
import io
import sys
import tarfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter
from python2_pickle import python2_pickle

SIZE, SUPERSAMPLING = 32, 4
CANVAS = SIZE * SUPERSAMPLING
BICYCLE, MOTORCYCLE, OTHER = 8, 48, 19  # fine labels; readers must leave out 19, cattle
BUS, PICKUP_TRUCK, TRAIN = 13, 58, 90
NAMES = {BICYCLE: "bicycle", MOTORCYCLE: "motorcycle", BUS: "bus", PICKUP_TRUCK: "pickup_truck", TRAIN: "train"}
COARSE = {**dict.fromkeys(NAMES, 18), OTHER: 11}
DEFAULT_CLASSES = ("bicycle", "motorcycle")
SEEDS = {"train": 1, "test": 2}
MTIME = 1_600_000_000  # fixed, so that the archive is the same every time
FINE_LABEL_NAMES = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can
castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin
elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster
man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck
pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk
skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger
tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm
""".split()  # noqa: SIM905 a hundred quoted words are no easier to read
COARSE_LABEL_NAMES = """
aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices
household_furniture insects large_carnivores large_man-made_outdoor_things large_natural_outdoor_scenes
large_omnivores_and_herbivores medium_mammals non-insect_invertebrates people reptiles small_mammals trees
vehicles_1 vehicles_2
""".split()  # noqa: SIM905

Point = tuple[float, float]
Color = tuple[int, int, int]


@dataclass
class Pen:
    """A pen in a vehicle's own coordinates: the hubs are near (-1, 0) and (1, 0), and up is negative."""

    draw: ImageDraw.ImageDraw
    matrix: npt.NDArray[np.float64]  # 2 x 3
    scale: float  # pixels per unit

    def pixels(self, points: Iterable[Point]) -> list[Point]:
        return [tuple(self.matrix @ (x, y, 1)) for x, y in points]

    def line(self, points: Iterable[Point], width: float, color: Color) -> None:
        pixels, thickness = self.pixels(points), max(1, round(width * self.scale))
        self.draw.line(pixels, fill=color, width=thickness, joint="curve")

    def polygon(self, points: Iterable[Point], color: Color) -> None:
        self.draw.polygon(self.pixels(points), fill=color)

    def disc(self, center: Point, radius: float, color: Color, height: float = 1.0) -> None:
        angles = np.linspace(0, 2 * np.pi, 25)
        self.polygon([(center[0] + radius * np.cos(a), center[1] + height * radius * np.sin(a)) for a in angles], color)

    def ring(self, center: Point, radius: float, width: float, color: Color) -> None:
        angles = np.linspace(0, 2 * np.pi, 33)
        self.line([(center[0] + radius * np.cos(a), center[1] + radius * np.sin(a)) for a in angles], width, color)


class Artist:
    """An artist whose choices come from one generator, so that the seed determines the picture."""

    def __init__(self, generator: np.random.Generator) -> None:
        self.random = generator

    def between(self, low: float, high: float) -> float:
        return float(self.random.uniform(low, high))

    def chance(self, probability: float) -> bool:
        return bool(self.random.random() < probability)

    def near(self, x: float, y: float, spread: float = 0.06) -> Point:
        return x + self.between(-spread, spread), y + self.between(-spread, spread)

    def color(self, low: int = 0, high: int = 255) -> Color:
        red, green, blue = self.random.integers(low, high + 1, 3)
        return int(red), int(green), int(blue)

    def muted(self) -> Color:
        """Return a background color, which is less bright than paint."""
        color = np.array(self.color(50, 240))
        red, green, blue = np.rint(0.5 * color + 0.5 * color.mean()).astype(int)
        return int(red), int(green), int(blue)

    def dark(self) -> Color:
        return self.gray(5, 70)

    def gray(self, low: int, high: int) -> Color:
        level = int(self.random.integers(low, high + 1))
        return level, level, level

    def paint(self) -> Color:
        """Return a vehicle's color: often dark, otherwise any."""
        return self.dark() if self.chance(0.3) else self.color(20, 235)

    def pen(self, image: Image.Image) -> Pen:
        """Return a pen for a random view: from the side or at an angle, leaning, near or far, facing left or right."""
        scale, turn = CANVAS * self.between(0.22, 0.36), np.deg2rad(self.random.normal(0, 7))
        squeeze = self.between(0.5, 1.0) * (-1 if self.chance(0.5) else 1)
        rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        view = rotation @ np.array([[squeeze, 0], [self.between(-0.12, 0.12), 1]]) * scale
        center = CANVAS * np.array([self.between(0.42, 0.58), self.between(0.56, 0.68)])
        return Pen(ImageDraw.Draw(image), np.column_stack([view, center]), scale)

    def backdrop(self) -> Image.Image:
        """Draw a white catalog background, a wall above a floor, or blurred shapes."""
        kind = self.random.random()
        if kind < 0.35:
            return Image.new("RGB", (CANVAS, CANVAS), self.gray(215, 255))
        image = Image.new("RGB", (CANVAS, CANVAS), self.muted())
        draw = ImageDraw.Draw(image)
        horizon = CANVAS * self.between(0.35, 0.85)
        draw.rectangle((0, horizon, CANVAS, CANVAS), fill=self.muted())
        for _ in range(int(self.random.integers(0, 7))):
            self.clutter(draw)
        return image.filter(ImageFilter.GaussianBlur(SUPERSAMPLING * self.between(0.2, 1.5)))

    def clutter(self, draw: ImageDraw.ImageDraw) -> None:
        x, y = self.random.uniform(-0.1, 0.9, 2) * CANVAS
        width, height = self.random.uniform(0.05, 0.45, 2) * CANVAS
        shape = (draw.rectangle, draw.ellipse)[int(self.random.integers(2))]
        shape((x, y, x + width, y + height), fill=self.muted())

    def wheel(self, pen: Pen, hub: Point, radius: float, tire: float, spokes: float) -> None:
        """Draw a wheel; `spokes` is the probability that a disc covers its inside instead of a few lines."""
        rubber, metal = self.dark(), self.gray(90, 210)
        if self.chance(spokes):
            pen.disc(hub, radius * self.between(0.5, 0.85), metal)
        else:
            for angle in np.linspace(0, np.pi, int(self.random.integers(3, 7)), endpoint=False):
                x, y = radius * np.cos(angle), radius * np.sin(angle)
                pen.line([(hub[0] - x, hub[1] - y), (hub[0] + x, hub[1] + y)], 0.015, metal)
        pen.ring(hub, radius, tire, rubber)
        pen.disc(hub, self.between(0.05, 0.14), self.gray(30, 160))

    def rider(self, pen: Pen, seat: Point, hands: Point, feet: Point) -> None:
        cloth, neck = self.color(10, 240), (seat[0] + self.between(0.2, 0.5), seat[1] - self.between(0.6, 0.9))
        pen.line([seat, neck], 0.34, cloth)
        pen.line([neck, hands], 0.13, cloth)
        pen.line([seat, (seat[0] + 0.4, seat[1] + 0.3), feet], 0.18, self.color(10, 160))
        pen.disc((neck[0] + 0.08, neck[1] - 0.22), 0.2, self.color(20, 240))

    def bicycle(self, pen: Pen) -> None:
        """Draw large thin wheels and a diamond of tubes; some have fat tires, a battery, bags or small wheels."""
        radius, tire = self.between(0.52, 0.74), self.between(0.035, 0.1)
        if self.chance(0.2):
            radius, tire = radius * 0.8, tire * 1.7
        rear, front = self.near(-0.95, 0), self.near(0.95, 0)
        for hub in (rear, front):
            self.wheel(pen, hub, radius, tire, 0.06)
        paint, tube = self.paint(), self.between(0.05, 0.1)
        crank, saddle, head = self.near(-0.15, 0.12), self.near(-0.42, -0.85, 0.1), self.near(0.62, -0.85, 0.1)
        pen.line([rear, saddle, crank, rear], tube * 0.8, paint)
        if self.chance(0.8):
            pen.line([saddle, head], tube, paint)
        pen.line([crank, head, front], tube, paint)
        self.bicycle_extras(pen, rear, crank, saddle, head)
        pen.line([(saddle[0] - 0.2, saddle[1] - 0.1), (saddle[0] + 0.16, saddle[1] - 0.1)], 0.11, self.dark())
        bar = (head[0] - 0.02, head[1] - self.between(0.1, 0.3))
        reach = self.between(-0.25, 0.3)
        pen.line([head, bar, (bar[0] + reach, bar[1] + self.between(-0.05, 0.2))], 0.07, self.dark())
        pen.disc(crank, self.between(0.1, 0.18), self.gray(40, 150))
        if self.chance(0.12):
            self.rider(pen, saddle, bar, (crank[0] + 0.1, crank[1] + 0.2))

    def bicycle_extras(self, pen: Pen, rear: Point, crank: Point, saddle: Point, head: Point) -> None:
        if self.chance(0.18):  # a battery or a bottle within the frame
            middle = ((crank[0] + head[0]) / 2, (crank[1] + head[1]) / 2)
            pen.line([crank, middle], self.between(0.15, 0.3), self.dark())
        if self.chance(0.18):  # bags on a rack
            pen.disc((rear[0] + 0.05, rear[1] - 0.45), self.between(0.22, 0.38), self.color(20, 200), 0.9)
        if self.chance(0.25):  # mudguards
            pen.line([(rear[0] - 0.6, -0.35), (rear[0] - 0.2, -0.75), (rear[0] + 0.3, -0.7)], 0.07, self.paint())
        if self.chance(0.12):  # a basket
            pen.polygon(
                [head, (head[0] + 0.45, head[1]), (head[0] + 0.4, head[1] + 0.35), (head[0] + 0.05, head[1] + 0.35)],
                self.gray(60, 190),
            )
        if self.chance(0.08):  # a child seat
            pen.disc((saddle[0] - 0.35, saddle[1] + 0.1), 0.28, self.color(20, 230))

    def motorcycle(self, pen: Pen) -> None:
        """Draw a heavy body between thick wheels; some are bare or thin and resemble a bicycle."""
        bare = self.chance(0.25)
        radius, tire = self.between(0.42, 0.58), self.between(0.15, 0.26)
        if bare:
            radius, tire = radius * 1.15, tire * 0.55
        rear, front = self.near(-0.95, 0), self.near(1.0, 0)
        for hub in (rear, front):
            self.wheel(pen, hub, radius, tire, 0.45)
        paint, engine = self.paint(), self.gray(30, 170)
        head = self.near(0.55, -0.72, 0.1)
        pen.line([front, head, (head[0] - 0.08, head[1] - 0.2)], self.between(0.07, 0.13), self.gray(60, 200))
        pen.line([rear, (-0.1, 0.2), head], self.between(0.08, 0.14), self.dark())
        self.engine(pen, engine, 0.65 if bare else 1.0)
        tank = self.near(0.15, -0.62, 0.08)
        pen.disc(tank, self.between(0.24, 0.34) if bare else self.between(0.34, 0.46), paint, self.between(0.5, 0.8))
        self.motorcycle_seat(pen, rear, tank, paint, bare)
        if self.chance(0.15 if bare else 0.45):  # a fairing
            nose = [(head[0] + 0.25, head[1] - 0.3), (head[0] + 0.4, head[1] + 0.3), (0.35, 0.25), (0.15, -0.35)]
            pen.polygon(nose, paint)
        bar = (head[0] - 0.15, head[1] - self.between(0.15, 0.45))
        pen.line([head, bar, (bar[0] - self.between(0.05, 0.25), bar[1] + 0.05)], 0.08, self.dark())
        if self.chance(0.6):
            pen.disc((head[0] + 0.14, head[1] - 0.08), self.between(0.1, 0.17), self.gray(150, 250))
        if self.chance(0.18):
            self.rider(pen, (-0.35, -0.7), bar, (0.05, 0.25))

    def engine(self, pen: Pen, color: Color, size: float) -> None:
        for _ in range(int(self.random.integers(2, 5))):
            pen.disc(self.near(0.0, -0.08, 0.2), size * self.between(0.18, 0.32), color, self.between(0.7, 1.2))
            color = self.gray(30, 190)
        if self.chance(0.75):
            pipe = [(0.3, 0.15), (0.05, 0.32), (-0.6, 0.25), (-1.2, self.between(-0.05, 0.25))]
            pen.line(pipe, self.between(0.08, 0.16), self.gray(110, 230))

    def motorcycle_seat(self, pen: Pen, rear: Point, tank: Point, paint: Color, bare: bool) -> None:
        back = self.near(-0.85, -0.6, 0.12)
        pen.line([(tank[0] - 0.2, tank[1] + 0.1), (-0.35, -0.5), back], self.between(0.12, 0.26), self.dark())
        if not bare or self.chance(0.4):
            fender = [(rear[0] - 0.45, -0.35), (back[0], back[1] + 0.05), (-0.2, -0.4), (-0.35, -0.05)]
            pen.polygon(fender, paint)

    def box(self, pen: Pen, left: float, right: float, top: float, color: Color) -> None:
        pen.polygon([(left, top), (right, top), (right, 0.1), (left, 0.1)], color)

    def windows(self, pen: Pen, left: float, right: float, top: float, count: int) -> None:
        step, glass = (right - left) / count, self.gray(120, 235) if self.chance(0.6) else self.dark()
        for start in np.arange(count) * step + left:
            self.pane(pen, float(start) + step * 0.12, float(start) + step * 0.88, top, glass)

    def pane(self, pen: Pen, left: float, right: float, top: float, glass: Color) -> None:
        pen.polygon([(left, top), (right, top), (right, top + 0.35), (left, top + 0.35)], glass)

    def bus(self, pen: Pen) -> None:
        """Draw a tall box with one or two rows of windows on small wheels."""
        top = -self.between(1.1, 1.4)
        self.box(pen, -1.6, 1.6, top, self.paint())
        self.windows(pen, -1.5, 1.5, top + 0.15, int(self.random.integers(4, 8)))
        if self.chance(0.25):
            self.windows(pen, -1.5, 1.5, top + 0.65, int(self.random.integers(4, 8)))
        for x in (-1.0, 1.05):
            self.wheel(pen, self.near(x, 0.12), self.between(0.22, 0.3), 0.1, 0.9)

    def pickup_truck(self, pen: Pen) -> None:
        """Draw a cab in the middle, a hood in front of it and an open bed behind."""
        paint, top = self.paint(), -self.between(0.85, 1.05)
        self.box(pen, -1.5, 1.5, -self.between(0.35, 0.5), paint)
        pen.polygon([(-0.35, -0.35), (-0.25, top), (0.4, top), (0.75, -0.35)], paint)
        self.pane(pen, -0.2, 0.5, top + 0.1, self.dark())
        if self.chance(0.25):  # a load
            pen.disc((-0.95, -0.55), self.between(0.25, 0.4), self.color(20, 220), 0.7)
        for x in (-0.95, 1.0):
            self.wheel(pen, self.near(x, 0.12), self.between(0.28, 0.4), 0.12, 0.85)

    def train(self, pen: Pen) -> None:
        """Draw cars that continue beyond the picture, above rails."""
        paint, top = self.paint(), -self.between(0.8, 1.1)
        for left in (-4.2, -1.4, 1.4):
            self.box(pen, left, left + 2.7, top, paint)
            self.windows(pen, left + 0.1, left + 2.6, top + 0.2, int(self.random.integers(2, 6)))
        pen.line([(-4.5, -0.1), (4.5, -0.1)], 0.1, self.color(20, 235))  # a stripe
        for y in (0.3, 0.45):
            pen.line([(-4.5, y), (4.5, y)], 0.05, self.gray(60, 160))

    def occlude(self, image: Image.Image) -> None:
        """Draw a post or a passer-by in front."""
        draw, x = ImageDraw.Draw(image), self.between(0, 1) * CANVAS
        width = CANVAS * self.between(0.02, 0.13)
        draw.rectangle((x, CANVAS * self.between(0, 0.4), x + width, CANVAS), fill=self.color(20, 230))

    def photograph(self, image: Image.Image) -> npt.NDArray[np.uint8]:
        """Apply focus, light and sensor noise; return pixels as (height, width, channels)."""
        image = image.filter(ImageFilter.GaussianBlur(SUPERSAMPLING * self.between(0.05, 0.6)))
        pixels = np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BOX), dtype=np.float64)
        light = self.between(0.65, 1.05) * self.random.uniform(0.93, 1.07, 3)
        haze = self.between(0, 0.35)
        pixels = pixels * light * (1 - haze) + 190 * haze
        pixels += self.random.normal(0, self.between(1, 11), pixels.shape)
        return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)

    def picture(self, label: int) -> npt.NDArray[np.uint8]:
        image = self.backdrop()
        vehicles: dict[int, Callable[[Pen], None]] = {
            BICYCLE: self.bicycle,
            MOTORCYCLE: self.motorcycle,
            BUS: self.bus,
            PICKUP_TRUCK: self.pickup_truck,
            TRAIN: self.train,
        }
        if label in vehicles:
            vehicles[label](self.pen(image))
        if self.chance(0.15):
            self.occlude(image)
        return self.photograph(image)


def draw_batch(name: str, counts: dict[int, int], first_number: int) -> dict[str, object]:
    """Return a batch in CIFAR-100's form: each row has 1,024 red, then 1,024 green, then 1,024 blue bytes."""
    generator = np.random.default_rng(SEEDS[name])
    artist = Artist(generator)
    labels = [int(label) for label in generator.permutation(np.repeat(list(counts), list(counts.values())))]
    rows = [artist.picture(label).transpose(2, 0, 1).reshape(-1) for label in labels]
    nouns = {**NAMES, OTHER: "backdrop"}
    return {
        "filenames": [f"{nouns[label]}_s_{number:06d}.png" for number, label in enumerate(labels, first_number)],
        "batch_label": f"{name}ing batch 1 of 1",
        "fine_labels": labels,
        "coarse_labels": [COARSE[label] for label in labels],
        "data": np.stack(rows),
    }


def archive_members(classes: Sequence[str] = DEFAULT_CLASSES) -> dict[str, bytes]:
    meta = {"fine_label_names": FINE_LABEL_NAMES, "coarse_label_names": COARSE_LABEL_NAMES}
    labels = [label for label, name in NAMES.items() if name in classes]
    train_counts, test_counts = {**dict.fromkeys(labels, 500), OTHER: 50}, {**dict.fromkeys(labels, 100), OTHER: 10}
    train, test = draw_batch("train", train_counts, 1), draw_batch("test", test_counts, 1 + sum(train_counts.values()))
    return {name: python2_pickle(value) for name, value in (("meta", meta), ("train", train), ("test", test))}


def tar(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(f"cifar-100-python/{name}")
            member.size, member.mtime, member.mode = len(data), MTIME, 0o644
            archive.addfile(member, io.BytesIO(data))
    return content.getvalue()


def write_archive(out: Path, members: dict[str, bytes]) -> None:
    """Write the archive completely or not at all."""
    partial = out.with_name(f".{out.name}.partial")
    with partial.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=MTIME) as packed:
        packed.write(tar(members))
    partial.replace(out)


def main(arguments: list[str]) -> int:
    classes = tuple(arguments[1].split(",")) if len(arguments) == 2 else DEFAULT_CLASSES
    if len(arguments) not in (1, 2) or not arguments[0].endswith(".tar.gz") or not set(classes) <= set(NAMES.values()):
        print(f"usage: draw_sample.py OUT.tar.gz [CLASSES], some of {','.join(NAMES.values())}", file=sys.stderr)  # noqa: T201
        return 64
    out = Path(arguments[0])
    out.parent.mkdir(parents=True, exist_ok=True)
    write_archive(out, archive_members(classes))
    print(f"Drew 500 training and 100 test pictures of each of {', '.join(classes)}: {out}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
