"""The process engine: programs in the place of images, as child processes, in a sandbox where the system has one."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

from safety.sandbox import Network, Sandbox, World, personal_files, python_files
from sagemaker_emulator.engine import BIND_TO_PORT, SAFE_PORT_RANGE, ContainerSpec, EngineError
from sagemaker_emulator.engine.isolation import Entrance, Networks
from sagemaker_emulator.engine.orphans import end_labeled
from sagemaker_emulator.engine.ports import FreePorts
from sagemaker_emulator.engine.process_container import Process, ProcessContainer, ProcessGroup
from sagemaker_emulator.engine.programs import Program, Programs
from sagemaker_emulator.frameworks.environments import Environments

LABEL = "SAGEMAKER_EMULATOR_INSTANCE"
OPT_ML = "/opt/ml"
OPT_ML_IN_WORDS = re.compile(r"(?<![^=:,])/opt/ml(?=/|$)")
PASSED_ON = ("PATH", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "SCONES_LOCAL_CLOUD", "VIRTUAL_ENV")
TEMPORARY = ".tmp"  # in a container's base_dir: its /tmp, which ends with it
PORT_INSIDE = 8080
SAFE_PORTS = 10
HOSTS_FILE = "/etc/hosts"


@dataclass(frozen=True)
class Folders:
    """The paths of /opt/ml, /tmp and an empty home as a program sees them: those of the host if there is no sandbox."""

    opt_ml: str
    tmp: str | None
    home: str


@dataclass(frozen=True)
class ProcessEngine:
    """An engine that runs the kit's programs for the algorithm's images and AWS's framework images, and `own_images`;
    others need Docker. A framework's program runs in one of `environments`.

    In a sandbox a child process has its own /opt/ml and /tmp, and sees no other process. Where the system has none,
    SAGEMAKER_BASE_DIR names its folder, and paths below /opt/ml in its entrypoint, arguments and environment are
    replaced by paths below that folder; what remains is noted in its log.

    It has the machine's network, unless it is isolated: all hosts of a job are on loopback, where another job could
    want the same port. PyTorch's MASTER_ADDR and MASTER_PORT tell them where to meet. In a sandbox their names resolve.

    `hidden` are files that no container may see, in addition to the user's own: the emulator's state. `shown` are
    folders below /tmp that a container sees although it has its own /tmp.
    """

    instance: str
    module: str = "image_classification"
    own_images: Mapping[str, list[str]] = field(default_factory=dict)
    environments: Environments = field(default_factory=Environments)
    hidden: tuple[Path, ...] = ()
    shown: tuple[Path, ...] = ()
    sandbox: Sandbox = field(default_factory=Sandbox.open)
    containers_outlive_it: bool = False
    ports: FreePorts = field(default_factory=FreePorts)
    master_ports: dict[frozenset[str], int] = field(default_factory=dict)  # by the container names of a job

    def check(self, image: str, isolated: bool = False, serves: bool = False) -> None:
        self._programs.require(image)
        if isolated and (reason := self.sandbox.availability.network):
            raise EngineError(
                f"EnableNetworkIsolation: this system gives no process a network of its own ({reason}), so the process "
                "engine cannot isolate a container. Leave it out, or run containers in Docker: "
                "SAGEMAKER_EMULATOR_ENGINE=docker."
            )

    def is_isolated(self, address: str) -> bool:
        """Return False: no address of the emulator is in the network of an isolated process."""
        return False

    def prepare(self, image: str, say: Callable[[str], None]) -> None:
        """Install what the image's program needs, if it is not installed: a framework's packages."""
        self._programs.prepare(image, say)

    def start(self, spec: ContainerSpec) -> ProcessContainer:
        self.check(spec.image, spec.network_isolation)
        program = self._programs.of(spec.image)
        reader, writer = os.pipe()
        output = os.fdopen(reader, errors="replace")
        try:
            return self._started(spec, program, output, writer)
        except (OSError, ValueError) as error:
            output.close()
            raise EngineError(f"The container {spec.name!r} did not start: {error}") from error
        finally:
            os.close(writer)

    def find(self, spec: ContainerSpec) -> None:
        """Return None: a process whose output was lost is of no use."""

    def end_orphans(self, kept: Collection[Path] = ()) -> int:
        return end_labeled(LABEL, self.instance)

    def close(self) -> None:
        self.sandbox.close()

    def _started(self, spec: ContainerSpec, program: Program, output: TextIO, writer: int) -> ProcessContainer:
        network = self._networks.of_hosts((spec.name, *spec.peers.values())) if spec.network_isolation else None
        entrance = Entrance(self.sandbox, network, PORT_INSIDE) if network and spec.serves else None
        port = entrance.port if entrance else self.ports.take() if spec.serves else None
        folders = self._folders(spec)
        command = self._command_line(spec, program, folders)
        environment = self._environment(spec, program, folders, PORT_INSIDE if entrance else port)
        process = self._process(spec, program, command, environment, writer, network)
        notes = self._notes(spec, (*command, *(environment[name] for name in spec.environment)))
        return ProcessContainer(process, output, port, notes, (network, entrance), opt_ml=folders.opt_ml)

    def _process(
        self,
        spec: ContainerSpec,
        program: Program,
        command: list[str],
        environment: Mapping[str, str],
        output: int,
        network: Network | None,
    ) -> Process:
        if not self.sandbox.availability:
            return ProcessGroup(command, environment, spec.base_dir, output)
        shown = (*self._shown, *program.shown)
        temporary = spec.base_dir / TEMPORARY
        names = ((str(_names_file(temporary, spec)), HOSTS_FILE),) if spec.host and Path(HOSTS_FILE).exists() else ()
        world = World(str(spec.base_dir), str(temporary), self._hidden, shown, names)
        return self.sandbox.start(
            command, world=world, environment=environment, directory=OPT_ML, output=output, network=network
        )

    def _folders(self, spec: ContainerSpec) -> Folders:
        home = spec.base_dir / TEMPORARY / "home"
        home.mkdir(parents=True, exist_ok=True)
        if self.sandbox.availability:
            return Folders(OPT_ML, "/tmp", "/tmp/home")  # noqa: S108 - its own
        return Folders(str(spec.base_dir), None, str(home))  # a TMPDIR so deep would be too long for sockets

    def _notes(self, spec: ContainerSpec, words: Iterable[str]) -> tuple[str, ...]:
        """Warn of a literal /opt/ml that could not be replaced: in the text of a script, for example."""
        if self.sandbox.availability or not any(OPT_ML in word for word in words):
            return ()
        reason = self.sandbox.availability.world
        return (
            f"[sagemaker emulator] The command names {OPT_ML}, which is not this container's own here ({reason}). Its "
            f"files are in {spec.base_dir}: use $SAGEMAKER_BASE_DIR, or run containers in Docker.",
        )

    @cached_property
    def _networks(self) -> Networks:
        return Networks(self.sandbox)

    @cached_property
    def _hidden(self) -> tuple[str, ...]:
        return (*personal_files(), *map(str, self.hidden))

    @cached_property
    def _shown(self) -> tuple[str, ...]:
        """Return what programs need, should it lie below /tmp: Python, the kit, and the files of own images."""
        kit = find_spec(self.module)
        sources = [str(Path(kit.origin).parents[1])] if kit and kit.origin else []
        programs = [str(Path(word).parent) for command in self.own_images.values() for word in command]
        return (*python_files(), *sources, *programs, *map(str, self.shown))

    @cached_property
    def _programs(self) -> Programs:
        return Programs(self.module, self.own_images, self.environments)

    def _command_line(self, spec: ContainerSpec, program: Program, folders: Folders) -> list[str]:
        words = program.words(spec.entrypoint, spec.command, spec.arguments)
        return [_below(folders, word) for word in words]

    def _environment(self, spec: ContainerSpec, program: Program, folders: Folders, port: int | None) -> dict[str, str]:
        passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        serving = {BIND_TO_PORT: str(port), "SAGEMAKER_BIND_TO_HOST": "127.0.0.1"} if port else {}
        if SAFE_PORT_RANGE in spec.environment and not spec.network_isolation:  # the machine's ports are shared
            safe = self.ports.take_range(SAFE_PORTS)
            serving[SAFE_PORT_RANGE] = f"{safe.start}-{safe.stop - 1}"
        return {
            **passed_on,
            **program.environment,
            "PYTHONUNBUFFERED": "1",
            "HOME": folders.home,
            **({"TMPDIR": folders.tmp} if folders.tmp else {}),
            "AWS_CONFIG_FILE": f"{folders.home}/.aws/config",
            "AWS_SHARED_CREDENTIALS_FILE": f"{folders.home}/.aws/credentials",
            **self._distributed_environment(spec),
            **{name: _below(folders, value) for name, value in spec.environment.items()},
            **serving,
            "SAGEMAKER_BASE_DIR": folders.opt_ml,
            LABEL: self.instance,
        }

    def _distributed_environment(self, spec: ContainerSpec) -> dict[str, str]:
        """Return where the hosts of a job meet, and this host's share of the cores."""
        if not spec.peers:
            return {}
        port = self.master_ports.setdefault(frozenset((spec.name, *spec.peers.values())), self.ports.take())
        cores = (os.cpu_count() or 1) // (len(spec.peers) + 1)
        return {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": str(max(1, cores))}


def _names_file(folder: Path, spec: ContainerSpec) -> Path:
    """Write a hosts file in which the names of the job's hosts are the loopback interface, which all of them share."""
    names = " ".join(sorted({spec.host, *spec.peers}))
    file = folder / "hosts"
    file.write_text(f"{Path(HOSTS_FILE).read_text(errors='replace')}\n127.0.0.1 {names}\n")
    return file


def _below(folders: Folders, text: str) -> str:
    """Replace /opt/ml in a word by the folder that the program sees, also after `--name=` and in lists."""
    return OPT_ML_IN_WORDS.sub(lambda _: folders.opt_ml, text)


def emulator_id(state_dir: Path) -> str:
    """Return the label of one emulator: its state directory, so that after a restart it recognizes its processes."""
    return str(state_dir.resolve())
