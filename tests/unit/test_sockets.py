"""Checks that the test suite itself cannot reach the network: the promise of tests/conftest.py."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest
from pytest_socket import SocketBlockedError, SocketConnectBlockedError


def test_sockets_are_blocked() -> None:
    with pytest.raises(SocketBlockedError), pytest.warns(UserWarning):
        socket.socket(socket.AF_INET, socket.SOCK_STREAM)


async def test_event_loops_work_all_the_same() -> None:
    await asyncio.sleep(0)


@pytest.mark.loopback
def test_loopback_reaches_this_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=lambda: server.accept()[0].close())
        thread.start()
        with socket.create_connection(server.getsockname(), timeout=5) as client:
            assert client.recv(1) == b""
        thread.join()


@pytest.mark.loopback
def test_loopback_reaches_nothing_else() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client,
        pytest.warns(UserWarning),
        pytest.raises(SocketConnectBlockedError),
    ):
        client.connect(("192.0.2.1", 80))
