"""What the drainage tests share: a face with a store of its own, and a small model to spoil."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from citymains.intake.source import SourceFile
from citymains.workbench import Workbench
from citymains_drainage.utility import Drainage

SMALL = """\
[TITLE]
small combined sewer

[OPTIONS]
FLOW_UNITS CMS
INFILTRATION HORTON
FLOW_ROUTING DYNWAVE
START_DATE 07/15/2026
END_DATE 07/15/2026
END_TIME 01:00:00
REPORT_STEP 00:05:00
WET_STEP 00:01:00
DRY_STEP 00:05:00
ROUTING_STEP 5
THREADS 4

[RAINGAGES]
G1 INTENSITY 0:10 1.0 TIMESERIES RAIN

[SUBCATCHMENTS]
S1 G1 J1 2.5 80 150 0.5 0

[SUBAREAS]
S1 0.013 0.15 1.5 5 25 OUTLET

[INFILTRATION]
S1 45 6 4 7 0

[JUNCTIONS]
J1 3.0 2.5 0 0 0
J2 2.5 2.5 0 0 0

[OUTFALLS]
O1 1.0 FREE NO

[STORAGE]
W1 0.0 5.0 0.5 TABULAR AREA 0 0

[CONDUITS]
C1 J1 J2 100 0.013 0 0 0 0
C2 J2 W1 50 0.013 0 0 0 0
C3 J3 O1 20 0.013 0 0 0 0

[PUMPS]
P1 W1 J3 LIFT OFF 1.0 0.4

[XSECTIONS]
C1 CIRCULAR 0.6 0 0 0 1
C2 CIRCULAR 0.6 0 0 0 1
C3 CIRCULAR 0.8 0 0 0 1

[CURVES]
AREA STORAGE 0 20
AREA 5 20
LIFT PUMP3 0 0.2
LIFT 8 0

[TIMESERIES]
RAIN 0:00 60
RAIN 0:10 90
RAIN 0:20 30
RAIN 0:30 0

[PATTERNS]
DAY HOURLY 0.5 0.5 0.5 0.5 0.5 0.5 1 1 1 1 1 1
DAY 1 1 1 1 1 1 1.5 1.5 1.5 1.5 1.5 1.5

[DWF]
J1 FLOW 0.02 DAY

[COORDINATES]
J1 0 0
J2 100 0
W1 150 0
J3 160 0
O1 180 0
""".replace("J2 2.5 2.5 0 0 0\n", "J2 2.5 2.5 0 0 0\nJ3 1.5 4 0 10 0\n")


@pytest.fixture(scope="session")
def drainage(tmp_path_factory: pytest.TempPathFactory) -> Drainage:
    """A face with an own store."""
    folder = tmp_path_factory.mktemp("drainage")
    return Drainage(Workbench(database=f"sqlite:///{folder / 'store.db'}", files=folder / "files"))


@pytest.fixture(scope="session")
def small() -> str:
    """Two manholes, a wet well with a pump, rain and dry-weather flow; one hour."""
    return SMALL


@pytest.fixture(scope="session")
def source() -> Callable[..., SourceFile]:
    """A source file from text, in any encoding."""

    def make(text: str | bytes, name: str = "model.inp", encoding: str = "utf-8") -> SourceFile:
        return SourceFile(name, text if isinstance(text, bytes) else text.encode(encoding))

    return make


@pytest.fixture(scope="session")
def district_file() -> Path:
    """The shipped district."""
    import citymains_drainage

    return Path(str(citymains_drainage.__file__)).parent / "data" / "district.inp"
