"""``python -m citymains.engine_host ENGINE``: the process that imports a solver. Started by the client only."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path

from citymains.engine_host.engine import Engine, find_engine

#: Import path of the parent, for engines that only the parent's ``sys.path`` knows of.
PATH_VARIABLE = "CITYMAINS_ENGINE_PATH"


def main() -> None:
    """Be a template (with ``--control``), or a single child on standard input and output."""
    parser = argparse.ArgumentParser(prog="python -m citymains.engine_host", description=__doc__)
    parser.add_argument("engine", help="an entry point of the group citymains.engines, or module:Class")
    parser.add_argument("--control", type=int, help="file descriptor of the socket that asks for children")
    parser.add_argument("--scratch", type=Path, required=True, help="directory to remove at the end")
    given = parser.parse_args()
    paths = os.environ.get(PATH_VARIABLE, "").split(os.pathsep)
    sys.path.extend(path for path in paths if path and path not in sys.path)

    def load() -> Engine:
        return find_engine(given.engine).load()

    if given.control is None:
        from citymains.engine_host.child import run_fresh

        run_fresh(load, given.scratch)
    else:
        from citymains.engine_host.template import run

        run(load, socket.socket(fileno=given.control), given.scratch)


if __name__ == "__main__":
    main()
