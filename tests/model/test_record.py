"""What every record keeps: its short repr, equality by canonical JSON, declared tables."""

from __future__ import annotations

import importlib

import pytest
from citymains.model.record import Record
from citymains.model.table import Kind


def records(cls: type[Record] = Record) -> list[type[Record]]:
    for module in (
        "citymains.model.network",
        "citymains.isolation.report",
        "citymains.rules.check",
        "citymains_water.pressure",
        "citymains_gas.pressure",
        "citymains_heating.supply",
        "citymains_drainage.simulate",
    ):
        importlib.import_module(module)
    return [one for child in cls.__subclasses__() for one in (child, *records(child))]


@pytest.mark.parametrize("cls", [one for one in records() if one.__module__.startswith("citymains")])
def test_every_record_shows_itself_briefly_and_declares_its_tables(cls: type[Record]) -> None:
    assert cls.__repr__ is Record.__repr__, "@dataclass(repr=False): columns would be printed whole"
    assert cls.__eq__ is Record.__eq__, "@dataclass(eq=False): arrays do not compare to one bool"
    for spec in cls.TABLES:
        assert spec.description.endswith(".")
        names = [column.name for column in spec.columns]
        assert len(set(names)) == len(names)
        for column in spec.columns:
            assert column.description, f"{cls.__name__}.{spec.name}.{column.name}"
        if spec.map is not None:
            assert {spec.map.element_column, spec.map.value_column} <= set(names)
            kinds = {column.name: column.kind for column in spec.columns}
            assert kinds[spec.map.value_column] in (Kind.FLOAT, Kind.INTEGER, Kind.BOOLEAN, Kind.DECIMAL)
