"""An engine for the containers of one account: two accounts may have jobs of the same name at the same time."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from sagemaker_emulator.engine import Container, ContainerSpec, Engine


@dataclass(frozen=True)
class PrefixedNames:
    """`engine` under which every container has a name that begins with `prefix`. Its owner closes it."""

    engine: Engine
    prefix: str

    @property
    def containers_outlive_it(self) -> bool:
        return self.engine.containers_outlive_it

    def check(self, image: str, isolated: bool = False, serves: bool = False) -> None:
        self.engine.check(image, isolated, serves)

    def prepare(self, image: str, say: Callable[[str], None]) -> None:
        self.engine.prepare(image, say)

    def is_isolated(self, address: str) -> bool:
        return self.engine.is_isolated(address)

    def start(self, spec: ContainerSpec) -> Container:
        return self.engine.start(self._prefixed(spec))

    def find(self, spec: ContainerSpec) -> Container | None:
        return self.engine.find(self._prefixed(spec))

    def end_orphans(self, kept: Collection[Path] = ()) -> int:
        return self.engine.end_orphans(kept)

    def close(self) -> None:
        """Leave the engine open: other accounts use it."""

    def _prefixed(self, spec: ContainerSpec) -> ContainerSpec:
        peers = {host: self.prefix + name for host, name in spec.peers.items()}
        return replace(spec, name=self.prefix + spec.name, peers=peers)
