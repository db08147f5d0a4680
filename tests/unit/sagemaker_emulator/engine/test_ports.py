"""Ports for programs that bind them later."""

from __future__ import annotations

import socket

import pytest

from sagemaker_emulator.engine.ports import PORTS, FreePorts


def test_ports_lie_below_those_that_the_system_chooses_and_are_not_repeated() -> None:
    ports = FreePorts()
    taken = [ports.take() for _ in range(100)]
    assert len(set(taken)) == 100
    assert all(port in PORTS for port in taken)
    assert max(PORTS) < 32_768


def test_a_port_that_another_program_has_bound_is_not_taken() -> None:
    port = FreePorts().take()
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", port))
        with pytest.raises(OSError, match=f"no port from {port} to {port} is free"):
            FreePorts(range(port, port + 1)).take()


def test_a_range_of_ports_is_free_and_is_not_taken_again() -> None:
    ports = FreePorts(range(20_000, 20_021))
    first = ports.take_range(10)
    assert len(first) == 10
    with pytest.raises(OSError, match="no 10 ports in a row from 20000 to 20020 are free"):
        [ports.take_range(10) for _ in range(2)]
    assert ports.take() not in first
