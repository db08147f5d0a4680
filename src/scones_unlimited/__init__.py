"""What `pip install scones-unlimited` installs: the command `scones`, which carries the kit and makes its environments.

The wheel has the kit's files under `kit/`, laid out as in a checkout. The kit itself needs a hundred packages, and
LocalStack's own set contradicts them, so none of them is a dependency of the wheel: a person's environment gets four
small packages, whatever else it has. At the first use the command makes what `make setup` makes in a checkout, in the
user's cache, and from then on it hands over to it. See docs/adr/0013-the-wheel.md.

Stages of a call (`launcher.main`):
  1. In a checkout there is no `kit/` here: run the command line in this process, as ever.
  2. A call for help needs click alone: answer it from the files of the wheel.
  3. Find the kit of this wheel in the cache, or make it (`kit.prepared`, under a lock, once).
  4. Become that kit's Python (`execve`), which runs the command line.

The cache, `~/.cache/scones-unlimited` or what XDG_CACHE_HOME says:
  environments/<name>-<lock hash>-<Python>/   a virtual environment of a lock file: shared by all kits with that lock
  kits/<version>-<hash>-<Python>/             a copy of the kit's files, laid out as a checkout with its `.venv`s
  downloads/                                  CIFAR-100, once for all kits
  lock                                        held by the one process that makes something

A `.venv` in a kit is a few files: a `pyvenv.cfg`, a link to Python, and a `.pth` file that names the shared environment
and the kit's `src`. Nothing refers to the wheel's own place, so a cloud that runs in the background survives the
temporary environment of `uvx`.

Invariants:
  - What lacks its file `.complete` was interrupted: it is removed and made again.
  - Two calls at once make one kit: the second waits, and says so.
  - A prepared kit is found without a lock, by one look at the disk.
"""
