"""What all tests share: the reference data beside the project, and a home of its own for each run."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED_DATA = REPOSITORY.parent / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep what tests store out of the user's home; child processes inherit it."""
    import os

    os.environ["CITYMAINS_HOME"] = str(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real reference networks beside the project; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"reference data not present at {SHARED_DATA.relative_to(REPOSITORY.parent)}")
    return SHARED_DATA
