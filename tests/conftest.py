"""What all tests share: the reference data beside the project, and a home of its own for each run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED_DATA = REPOSITORY.parent / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep what tests store out of the user's home; child processes inherit it."""
    os.environ["CITYMAINS_HOME"] = str(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real reference networks beside the project; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"reference data not present at {SHARED_DATA.relative_to(REPOSITORY.parent)}")
    return SHARED_DATA


#: Set where everything the tests need is there (CI): a test that is skipped then fails the run.
NO_SKIPS = "CITYMAINS_TEST_NO_SKIPS"

#: What a machine may lack even there.
_MAY_LACK = ("needs a processor with AVX",)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in which a test was skipped, where nothing may be."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get(NO_SKIPS) or reporter is None or hasattr(session.config, "workerinput"):
        return
    skipped = [
        report
        for report in reporter.stats.get("skipped", ())
        if not any(reason in str(report.longrepr) for reason in _MAY_LACK)
    ]
    if skipped:
        reporter.write_line(f"{NO_SKIPS} is set and {len(skipped)} tests were skipped", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
