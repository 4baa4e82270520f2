"""A kernel's messages are looked for, even when the sign of one gets lost."""

import asyncio
from queue import Empty

import pytest
from jupyter_client.channels import AsyncZMQSocketChannel

from booktools.check.readers import _Channel


@pytest.fixture
def looks(monkeypatch):
    """Let the third look find a message; remember how long each may take."""
    looks = []

    async def get_msg(self, timeout=None):
        looks.append(timeout)
        if len(looks) < 3:
            raise Empty
        return {"looks": len(looks)}

    monkeypatch.setattr(AsyncZMQSocketChannel, "get_msg", get_msg)
    return looks


@pytest.mark.parametrize("timeout", [None, 300, 3])
def test_it_looks_again(looks, timeout):
    channel = _Channel.__new__(_Channel)
    assert asyncio.run(channel.get_msg(timeout)) == {"looks": 3}
    assert looks == [1, 1, 1]


@pytest.mark.parametrize(("timeout", "steps"), [(1.5, [1, 0.5]), (0, [0])])
def test_it_gives_up_when_asked_to(looks, timeout, steps):
    channel = _Channel.__new__(_Channel)
    with pytest.raises(Empty):
        asyncio.run(channel.get_msg(timeout))
    assert looks == steps
