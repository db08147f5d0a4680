"""Place the states of a graph in layers, from top to bottom, so that few lines cross (Sugiyama, Tagawa and Toda 1981).

1. Lines that lead back are turned around, so that the graph has no cycle.
2. Each state gets the layer below the lowest of those that lead to it.
3. A line over several layers gets an invisible node in each, so that it has a place of its own between the states.
4. Sweeps down and up order each layer by the mean place of the neighbors; the order with the fewest crossings stays.
5. Sweeps move each node towards its neighbors, as far as the distances allow (`_nearest`, isotonic regression). Weak
   lines, such as those of errors, pull less, so that the usual way is straight.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

SWEEPS = 12
GAP_X, GAP_Y = 26.0, 46.0
WEAK = 0.1
LINE_GAP = 14.0
"""The width of an invisible node."""

Edge = tuple[str, str]
Node = str | tuple[str, str, int]
"""A state's name; or, of a line over several layers, its two ends and the layer."""
Link = tuple[Node, Node, float]
"""A line between two neighboring layers: its upper and lower node, and how strongly it pulls."""


@dataclass(frozen=True)
class Size:
    """Width and height of a state."""

    width: float
    height: float


@dataclass
class Layout:
    """Where each state has its center, and the points of each line from its source to its target."""

    centers: dict[str, tuple[float, float]] = field(default_factory=dict)
    lines: dict[Edge, list[tuple[float, float]]] = field(default_factory=dict)
    width: float = 0.0
    height: float = 0.0


def lay_out(
    start: str, sizes: Mapping[str, Size], edges: Sequence[Edge], weak: Collection[Edge] = frozenset()
) -> Layout:
    """Return the layout of the states in `sizes`, the start on top. Lines from a state to itself are left out."""
    edges = [edge for edge in dict.fromkeys(edges) if edge[0] != edge[1]]
    back = _back_edges(start, sizes, edges)
    forward = [edge[::-1] if edge in back else edge for edge in edges]
    ranks = _ranks(sizes, forward)
    layers, links = _layers(ranks, forward, weak)
    layers = _ordered(layers, links)
    places = _places(layers, links, sizes)
    return _layout(layers, places, sizes, ranks, edges, back)


def _back_edges(start: str, names: Mapping[str, Size], edges: Sequence[Edge]) -> set[Edge]:
    """Return the edges that lead to a state through which the way from the start has come."""
    targets: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        targets[source].append(target)
    back: set[Edge] = set()
    done: set[str] = set()
    for root in (start, *names):
        path: list[str] = []
        stack = [] if root in done else [(root, iter(targets[root]))]
        path += [root] if stack else []
        while stack:
            name, rest = stack[-1]
            target = next(rest, "")
            if not target:
                done.add(name)
                stack.pop()
                path.pop()
            elif target in path:
                back.add((name, target))
            elif target not in done:
                stack.append((target, iter(targets[target])))
                path.append(target)
    return back


def _ranks(names: Mapping[str, Size], edges: Sequence[Edge]) -> dict[str, int]:
    sources: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        sources[target].append(source)
    ranks: dict[str, int] = {}

    def rank(name: str) -> int:
        if name not in ranks:
            ranks[name] = 0  # never read: there is no cycle
            ranks[name] = max((rank(source) + 1 for source in sources[name]), default=0)
        return ranks[name]

    for name in names:
        rank(name)
    return ranks


def _layers(
    ranks: Mapping[str, int], edges: Sequence[Edge], weak: Collection[Edge]
) -> tuple[list[list[Node]], list[Link]]:
    layers: list[list[Node]] = [[] for _ in range(max(ranks.values()) + 1)]
    for name, rank in ranks.items():
        layers[rank].append(name)
    links: list[Link] = []
    for source, target in edges:
        weight = WEAK if (source, target) in weak else 1.0
        above: Node = source
        for rank in range(ranks[source] + 1, ranks[target]):
            below: Node = (source, target, rank)
            layers[rank].append(below)
            links.append((above, below, weight))
            above = below
        links.append((above, target, weight))
    return layers, links


def _neighbors(links: Sequence[Link], down: bool) -> dict[Node, list[tuple[Node, float]]]:
    """Return the neighbors of each node in the layer above, or below, with the weights of the lines to them."""
    neighbors: dict[Node, list[tuple[Node, float]]] = {}
    for above, below, weight in links:
        here, there = (below, above) if down else (above, below)
        neighbors.setdefault(here, []).append((there, weight))
    return neighbors


def _ordered(layers: list[list[Node]], links: Sequence[Link]) -> list[list[Node]]:
    best, fewest = [list(layer) for layer in layers], _crossings(layers, links)
    current = [list(layer) for layer in layers]
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        neighbors = _neighbors(links, down)
        order = range(1, len(current)) if down else range(len(current) - 2, -1, -1)
        for number in order:
            beside = current[number - 1 if down else number + 1]
            place = {node: index for index, node in enumerate(beside)}
            own = {node: index for index, node in enumerate(current[number])}
            current[number].sort(key=lambda node: _mean(place, neighbors.get(node, []), own[node]))
        count = _crossings(current, links)
        if count < fewest:
            best, fewest = [list(layer) for layer in current], count
    return best


def _mean(places: Mapping[Node, float], neighbors: Sequence[tuple[Node, float]], otherwise: float) -> float:
    if not neighbors:
        return otherwise
    return sum(places[node] * weight for node, weight in neighbors) / sum(weight for _, weight in neighbors)


def _crossings(layers: Sequence[Sequence[Node]], links: Sequence[Link]) -> int:
    place = {node: (number, index) for number, layer in enumerate(layers) for index, node in enumerate(layer)}
    between: dict[int, list[tuple[int, int]]] = {}
    for above, below, _ in links:
        between.setdefault(place[above][0], []).append((place[above][1], place[below][1]))
    return sum(
        (a - c) * (b - d) < 0 for pairs in between.values() for i, (a, b) in enumerate(pairs) for c, d in pairs[:i]
    )


def _places(layers: Sequence[Sequence[Node]], links: Sequence[Link], sizes: Mapping[str, Size]) -> dict[Node, float]:
    def width(node: Node) -> float:
        return sizes[node].width if isinstance(node, str) else LINE_GAP

    def distances(layer: Sequence[Node]) -> list[float]:
        return [(width(a) + width(b)) / 2 + GAP_X for a, b in pairwise(layer)]

    places: dict[Node, float] = {}
    for layer in layers:
        row = _nearest([0.0] * len(layer), distances(layer))
        places.update(zip(layer, row, strict=True))
    for sweep in range(2 * SWEEPS):
        down = sweep % 2 == 0
        neighbors = _neighbors(links, down)
        for layer in layers if down else reversed(layers):
            wanted = [_mean(places, neighbors.get(node, []), places[node]) for node in layer]
            places.update(zip(layer, _nearest(wanted, distances(layer)), strict=True))
    return places


def _nearest(wanted: Sequence[float], distances: Sequence[float]) -> list[float]:
    """Return the places nearest to the wanted ones, by least squares, that keep the order and the distances."""
    offsets = [0.0]
    for distance in distances:
        offsets.append(offsets[-1] + distance)
    pools: list[tuple[float, int]] = []  # mean and size of neighbors that have been pushed together
    for place, offset in zip(wanted, offsets, strict=False):
        mean, count = place - offset, 1
        while pools and pools[-1][0] > mean:
            other, size = pools.pop()
            mean, count = (mean * count + other * size) / (count + size), count + size
        pools.append((mean, count))
    means = [mean for mean, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=False)]


def _layout(
    layers: Sequence[Sequence[Node]],
    places: Mapping[Node, float],
    sizes: Mapping[str, Size],
    ranks: Mapping[str, int],
    edges: Sequence[Edge],
    back: set[Edge],
) -> Layout:
    left = min(places[name] - size.width / 2 for name, size in sizes.items())
    left = min([left, *(places[node] for layer in layers for node in layer if not isinstance(node, str))])
    heights = [max((sizes[n].height for n in layer if isinstance(n, str)), default=0.0) for layer in layers]
    middles, top = [], 0.0
    for height in heights:
        middles.append(top + height / 2)
        top += height + GAP_Y
    layout = Layout(height=top - GAP_Y)
    for name in sizes:
        layout.centers[name] = (places[name] - left, middles[ranks[name]])
    for edge in edges:
        upper, lower = edge[::-1] if edge in back else edge
        bends = [
            (places[(upper, lower, n)] - left, middles[n] + side * heights[n] / 2)
            for n in range(ranks[upper] + 1, ranks[lower])
            for side in (-1, 1)  # straight through the whole layer: a tall state may be beside the line
        ]
        (ux, uy), (lx, ly) = layout.centers[upper], layout.centers[lower]
        line = [(ux, uy + sizes[upper].height / 2), *bends, (lx, ly - sizes[lower].height / 2)]
        layout.lines[edge] = line[::-1] if edge in back else line
    right = [layout.centers[name][0] + size.width / 2 for name, size in sizes.items()]
    layout.width = max(right + [x for line in layout.lines.values() for x, _ in line])
    return layout
