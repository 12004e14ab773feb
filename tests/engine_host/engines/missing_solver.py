"""An engine whose solver is not installed."""

import a_solver_nobody_has  # noqa: F401


class Engine:
    name = "missing"
