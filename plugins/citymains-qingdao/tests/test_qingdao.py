"""The Qingdao pack, alone and together with the national one."""

from __future__ import annotations

from datetime import date

import citymains_qingdao.plugin as plugin
import pytest
from citymains.testing import check_plugin, rule_book

ON = date(2026, 11, 22)
SHINAN = "山东省/青岛市/市南区"


def test_the_plugin_is_sound() -> None:
    assert check_plugin(plugin) == []


@pytest.mark.parametrize(
    ("zone", "elevation_m", "required_m", "layer"),
    [
        ("high", 50.0, 15.0, "city"),
        ("high", 50.1, 14.0, "national"),  # 10 m by the city, 14 m by the national limit
        ("low", 30.0, 15.0, "city"),
        ("low", 30.1, 14.0, "national"),
        (None, 50.0, 15.0, "city"),
        (None, None, 14.0, "national"),
    ],
)
def test_the_strictest_layer_decides(
    zone: str | None, elevation_m: float | None, required_m: float, layer: str
) -> None:
    resolved = rule_book(plugin).resolve("water_service_pressure", jurisdiction=SHINAN, on=ON)
    required = resolved.evaluate(zone=zone, elevation_m=elevation_m)["required_pressure_m"]
    assert required.value == required_m
    assert required.decision is not None
    assert required.decision.layer == layer


def test_the_article_is_quoted() -> None:
    resolved = rule_book(plugin).resolve("water_service_pressure", jurisdiction=SHINAN, on=ON)
    assert (
        resolved.evaluate(elevation_m=10.0)["required_pressure_m"].article
        == "青岛市城市供水条例 第二十三条 (city)"
    )
    assert resolved.fields["end_pressure_m"].overruled == (
        ("city/qingdao-water-service-pressure@2017.1", 10.0),
    )


@pytest.mark.parametrize(
    ("jurisdiction", "on", "code"),
    [
        ("山东省/青岛市/黄岛区", ON, "RULE_ELSEWHERE"),
        ("山东省/青岛市", ON, "RULE_NARROWER"),
        ("山东省/青岛市/市南区东", ON, "RULE_ELSEWHERE"),
        (SHINAN, date(2008, 12, 31), "RULE_NOT_YET"),
    ],
)
def test_where_and_when_it_does_not_hold(jurisdiction: str, on: date, code: str) -> None:
    resolved = rule_book(plugin).resolve("water_service_pressure", jurisdiction=jurisdiction, on=on)
    (other,) = resolved.not_applied
    assert other.code == code
    assert resolved.evaluate(elevation_m=10.0)["required_pressure_m"].value == 14.0
