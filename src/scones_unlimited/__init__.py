"""The package that `pip install scones-unlimited` installs: the command `scones`, with the kit as data.

The wheel has the kit's files under `kit/`, laid out as in a checkout. The kit needs a hundred packages, and those of
LocalStack conflict with them, so none of them is a dependency of the wheel: the user's environment gets only four small
packages. At the first use the command creates in the user's cache what `make setup` creates in a checkout; every call
is then handed over to that copy. See docs/adr/0013-the-wheel.md.

Stages of a call (`launcher.main`):
  1. If there is no `kit/` here, this is a checkout: run the command line in this process.
  2. Before the kit is prepared, a call for help runs from the wheel's files: it needs only click.
  3. Find the kit of this wheel in the cache, or create it, once, under a lock (`kit.prepared`).
  4. Replace this process with that kit's Python (`execv`), which runs the command line.

The cache (on Linux `~/.cache/scones-unlimited`; XDG_CACHE_HOME moves it):
  environments/<name>-<lock hash>-<Python>/   the virtual environment of a lock file, shared by all kits that have it
  kits/<version>-<hash>-<Python>/             a copy of the kit's files, laid out like a checkout with its `.venv`s
  downloads/                                  CIFAR-100, once for all kits
  lock                                        held by the process that is creating something

A `.venv` in a kit is a few files: a `pyvenv.cfg`, a link to Python, and a `.pth` file that names the shared environment
and the kit's `src`. Nothing refers to the wheel's own place, so a cloud that runs in the background survives the
temporary environment of `uvx`.

Invariants:
  - A folder without a file `.complete` was interrupted: it is removed and created again.
  - Two calls at the same time create only one kit: the second waits, and says so.
  - Finding a prepared kit takes no lock, only a few looks at the disk.
"""
