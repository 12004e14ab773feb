"""``validate`` with fidelity: what differs is named, and nothing passes in silence."""

from __future__ import annotations

import pytest
from citymains.errors import NotBuiltError


def codes(report) -> set[str]:
    frame = report.frame()
    return set(frame.code[frame.code.str.startswith("FIDELITY")])


def test_a_plain_model_is_the_same_everywhere(water):
    report = water.validate("Net1", fidelity=True)
    assert codes(report) == {"FIDELITY_COMPARED"}
    (told,) = report.frame().query("code == 'FIDELITY_COMPARED'").limit
    assert told.count("EPANET") == 3


def test_versions_part_at_switching_instants(water):
    frame = water.validate("Net6", fidelity=True).frame().query("code == 'FIDELITY_VERSION'")
    assert len(frame) == 5
    assert frame.severity.unique().tolist() == ["warning"]
    assert float(frame.value.iloc[0]) != float(frame.limit.iloc[0])
    assert "EPANET 2.2" in frame.message_en.iloc[0]
    assert frame.element.iloc[0] in frame.message_zh.iloc[0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("BAK.inp", {"FIDELITY_COMPARED", "FIDELITY_NOT_COMPARED"}),  # wntr does not take UNITS SI
        ("7_Matos.inp", {"FIDELITY_COMPARED", "FIDELITY_VERSION", "FIDELITY_REWRITTEN"}),
        ("2_Walski.inp", {"FIDELITY_COMPARED", "FIDELITY_FED", "FIDELITY_VERSION", "FIDELITY_REWRITTEN"}),
    ],
)
def test_real_files(water, shared_data, name, expected):
    assert codes(water.validate(shared_data / "water" / name, fidelity=True)) >= expected - {
        "FIDELITY_VERSION"
    }


def test_other_utilities_say_that_they_compare_nothing_yet(tmp_path):
    from citymains.workbench import Workbench
    from citymains_gas.utility import Gas

    with pytest.raises(NotBuiltError):
        Gas(Workbench()).validate("schutterwald", fidelity=True)
