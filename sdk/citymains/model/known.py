"""Networks this process has seen, so that an answer finds the one it is drawn on.

A record names its network by id. Which store or server that id comes from the record does
not know: it may be another database than the user's own, or a server. So whoever hands out a
network, or an answer about one, says here where the network is found.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from citymains.model.network import Network

#: Networks that are remembered; the oldest are forgotten first.
_MOST: Final = 16
_FINDERS: OrderedDict[str, Callable[[], Network]] = OrderedDict()
_LOCK = threading.Lock()


def remember(network: Network) -> Network:
    """Remember a network, and give it back."""
    _keep(network.id, lambda: network)
    return network


def remember_where(network_id: str, find: Callable[[], Network]) -> None:
    """Remember where a network is found, unless that is known; `find` is called when a map is drawn."""
    if network_id and network_id not in _FINDERS:
        _keep(network_id, find)


def known_network(network_id: str) -> Network | None:
    """The network of that id if this process has seen it or knows where it is, or None.

    Raises
    ------
    CitymainsError
        It is known where the network is, but it cannot be had from there now.
    """
    with _LOCK:
        find = _FINDERS.get(network_id)
    return None if find is None else remember(find())


def _keep(network_id: str, find: Callable[[], Network]) -> None:
    with _LOCK:
        _FINDERS[network_id] = find
        _FINDERS.move_to_end(network_id)
        while len(_FINDERS) > _MOST:
            _FINDERS.popitem(last=False)
