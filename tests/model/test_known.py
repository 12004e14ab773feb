"""Networks this process has seen."""

from __future__ import annotations

import pytest
from citymains.errors import TransportError
from citymains.model import known
from citymains.model.known import known_network, remember, remember_where
from citymains.model.network import Network


@pytest.fixture(autouse=True)
def _nothing_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "_FINDERS", type(known._FINDERS)())


def net(number: int) -> Network:
    return Network(id=f"networks/{number}", utility="water", name=str(number), crs="", counts={}, repairs=())


def test_a_network_is_known_once_it_was_seen() -> None:
    assert known_network("networks/1") is None
    remember(net(1))
    assert known_network("networks/1") == net(1)


def test_the_oldest_are_forgotten() -> None:
    for number in range(100):
        remember(net(number))
    assert known_network("networks/0") is None
    assert known_network("networks/99") == net(99)
    assert len(known._FINDERS) < 50


def test_where_a_network_is_found_is_asked_once_and_only_when_it_is_needed() -> None:
    asked = []

    def find() -> Network:
        asked.append(1)
        return net(1)

    remember_where("networks/1", find)
    assert not asked
    assert known_network("networks/1") == known_network("networks/1") == net(1)
    assert asked == [1]
    remember_where("networks/1", pytest.fail)
    remember_where("", pytest.fail)
    assert known_network("networks/1") == net(1)
    assert known_network("") is None


def test_a_place_that_cannot_be_reached_says_so() -> None:
    def gone() -> Network:
        raise TransportError(value="host", limit="gone")

    remember_where("networks/1", gone)
    with pytest.raises(TransportError):
        known_network("networks/1")
