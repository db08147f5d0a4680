"""The limit of open files, on Linux and on macOS."""

import resource

import pytest

from safety.open_files import ALLOWED_EVERYWHERE, OPEN_FILES, Limits, raise_limit

INFINITE = resource.RLIM_INFINITY


class System:
    """The limits of a system whose kernel allows `most` open files."""

    def __init__(self, most: int) -> None:
        self._most, self.limits = most, (0, 0)

    def set_limits(self, kind: int, limits: Limits) -> None:
        assert kind == resource.RLIMIT_NOFILE
        if limits[0] > self._most:
            raise ValueError("current limit exceeds maximum limit")
        self.limits = limits


@pytest.mark.parametrize(
    ("limits", "most", "expected"),
    [
        ((1024, 524_288), OPEN_FILES, (OPEN_FILES, 524_288)),
        ((1024, 4096), OPEN_FILES, (4096, 4096)),
        ((256, INFINITE), ALLOWED_EVERYWHERE, (ALLOWED_EVERYWHERE, INFINITE)),
        ((256, INFINITE), OPEN_FILES, (OPEN_FILES, INFINITE)),
    ],
)
def test_the_limit_is_raised_as_far_as_the_system_allows(limits: Limits, most: int, expected: Limits) -> None:
    system = System(most)
    raise_limit(limits, system.set_limits)
    assert system.limits == expected


@pytest.mark.parametrize("limits", [(INFINITE, INFINITE), (100_000, INFINITE), (256, INFINITE), (256, 256)])
def test_a_limit_that_cannot_be_raised_stays(limits: Limits) -> None:
    system = System(most=100)
    raise_limit(limits, system.set_limits)
    assert system.limits == (0, 0)
