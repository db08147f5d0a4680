"""Accounts and regions: each pair has resources of its own, in a SageMaker of its own, over one engine.

Path of a request: `Server` parses it, `Accounts.scope_of` reads account and region from the credential that signs it,
and the operation runs on the SageMaker of that pair. A pair is opened by its first request. It has a state folder, so a
store, and AWS clients that sign with its account and region. The engine, its containers' ports, and the server's
threads are shared. A pair without endpoints and jobs costs a connection to SQLite and a thread that waits.

State. The folder of the pair that the emulator was first started with is the state directory itself, as in versions
that knew no other; `root-scope` in it names that pair. All others are in `accounts/<account>/<region>`. Pairs with a
folder are opened again at the start, because their endpoints must serve and their jobs continue.

A request without a signature, and one whose key names no account (`test`), belongs to the account of the settings; one
without a region to the region of the settings.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from sagemaker_emulator.engine import Engine
from sagemaker_emulator.engine.prefixed_names import PrefixedNames
from sagemaker_emulator.resources.scope import Scope
from sagemaker_emulator.sagemaker import SageMaker
from sagemaker_emulator.settings import Settings
from sagemaker_emulator.storage.atomic_files import write_atomically
from sagemaker_emulator.wire import HttpRequest, signer_of

FOLDER = "accounts"
CLOSING_THREADS = 32
ROOT = "root-scope"
STORE = "sagemaker.sqlite3"


class Accounts:
    """One emulator over one state directory. `clock` is that of the monitoring schedules."""

    def __init__(self, settings: Settings, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self.settings, self.engine, self._clock = settings, engine, clock
        self._default = Scope(settings.account_id, settings.region)
        self._root = _root_of(settings.state_dir, self._default)
        self.default = self._new(self._default)
        self._open = {self._default: self.default}
        self._opening = asyncio.Lock()

    def scope_of(self, request: HttpRequest) -> Scope:
        """Return the account and region that a request belongs to."""
        account_id, region = signer_of(request)
        return Scope(account_id or self._default.account_id, region or self._default.region)

    async def of(self, request: HttpRequest) -> SageMaker:
        """Return the SageMaker of a request's account and region, opened if it is the first request to them."""
        scope = self.scope_of(request)
        return self._open.get(scope) or await self._opened(scope)

    def all(self) -> list[SageMaker]:
        """Return every pair's SageMaker that is open."""
        return list(self._open.values())

    def start(self) -> None:
        """End what an earlier emulator left running, then take up the work of all pairs."""
        for scope in self._stored():
            if scope not in self._open:
                self._open[scope] = self._new(scope)
        self.engine.end_orphans([folder for sagemaker in self.all() for folder in sagemaker.find_again()])
        for sagemaker in self.all():
            sagemaker.start()

    def close(self) -> None:
        with ThreadPoolExecutor(CLOSING_THREADS) as pool:  # each waits for the disk, and perhaps for containers
            list(pool.map(SageMaker.close, self.all()))
        self.engine.close()

    async def _opened(self, scope: Scope) -> SageMaker:
        async with self._opening:
            if scope not in self._open:
                sagemaker = await asyncio.to_thread(self._started, scope)
                await sagemaker.async_invocations.open()
                self._open[scope] = sagemaker
            return self._open[scope]

    def _started(self, scope: Scope) -> SageMaker:
        sagemaker = self._new(scope)
        sagemaker.start()
        return sagemaker

    def _new(self, scope: Scope) -> SageMaker:
        own = replace(
            self.settings,
            account_id=scope.account_id,
            region=scope.region,
            state_dir=self._folder(scope),
            local_mode=self.settings.local_mode and scope == self._default,
        )
        is_root = scope == self._root
        engine = self.engine if is_root else PrefixedNames(self.engine, f"{scope.account_id}-{scope.region}-")
        access_key = None if scope.account_id == self.settings.account_id else scope.account_id
        return SageMaker(own, engine, access_key, self._clock)

    def _folder(self, scope: Scope) -> Path:
        root = self.settings.state_dir
        return root if scope == self._root else root / FOLDER / scope.account_id / scope.region

    def _stored(self) -> Iterator[Scope]:
        """Yield the pairs that have a store, the root's first."""
        if (self.settings.state_dir / STORE).exists():
            yield self._root
        for store in sorted((self.settings.state_dir / FOLDER).glob(f"*/*/{STORE}")):
            yield Scope(store.parents[1].name, store.parent.name)


def _root_of(state_dir: Path, default: Scope) -> Scope:
    """Return the pair whose state is in the directory itself, and note it: the settings may change."""
    file = state_dir / ROOT
    if file.is_file():
        account_id, _, region = file.read_text().strip().partition("/")
        return Scope(account_id, region)
    state_dir.mkdir(parents=True, exist_ok=True)
    write_atomically(file, [f"{default}\n".encode()])
    return default
