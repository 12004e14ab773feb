"""Tables keep what they are given, say when something is missing, and hash by content."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from citymains.errors import InternalError
from citymains.model.canonical import canonical_json
from citymains.model.table import Coded, Column, ColumnSpec, Kind, TableSpec
from hypothesis import given
from hypothesis import strategies as st

NODES = TableSpec(
    "nodes",
    "Test nodes.",
    (
        ColumnSpec("node", Kind.TEXT, "Id."),
        ColumnSpec("pressure_m", Kind.FLOAT, "Pressure."),
        ColumnSpec("step", Kind.INTEGER, "Step."),
        ColumnSpec("supplied", Kind.BOOLEAN, "Supplied."),
        ColumnSpec("amount_yuan", Kind.DECIMAL, "Money."),
    ),
)


def nodes(**changes):
    columns = {
        "node": ["一号", None, "J-2"],
        "pressure_m": [1.5, math.nan, -0.0],
        "step": [0, 1, 2],
        "supplied": [True, False, True],
        "amount_yuan": ["0.10", "2.00", None],
    }
    return NODES.build(**{**columns, **changes})


def test_the_unit_follows_from_the_name() -> None:
    assert [column.unit for column in nodes().columns] == ["", "m", "", "", "yuan"]


def test_frame_has_decimals_and_missing_values() -> None:
    frame = nodes().frame()
    assert list(frame["node"]) == ["一号", None, "J-2"]
    assert frame["amount_yuan"][0] == Decimal("0.10")
    assert frame["pressure_m"].isna().tolist() == [False, True, False]


def test_canonical_json_writes_missing_as_null() -> None:
    text = canonical_json(nodes())
    assert '"doubles":[1.5,null,' in text
    assert '"texts":["一号",null,"J-2"]' in text


def test_a_wrong_column_is_a_bug_and_is_named() -> None:
    with pytest.raises(InternalError, match="colour"):
        NODES.build(**{c.name: [] for c in NODES.columns}, colour=[])


def test_equal_content_has_equal_hash_and_another_value_another() -> None:
    assert nodes().sha256 == nodes().sha256
    assert nodes(pressure_m=[1.5, math.nan, 0.0]).sha256 == nodes().sha256, "-0.0 and 0.0 are one number"
    assert nodes(pressure_m=[1.5, math.nan, 1e-300]).sha256 != nodes().sha256
    assert nodes(node=["一号", None, "J-3"]).sha256 != nodes().sha256


@given(st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=50))
def test_coded_texts_read_back(texts: list[str | None]) -> None:
    coded = Coded.of(texts)
    assert coded.to_list() == texts
    assert coded.compact().to_list() == texts
    assert coded.compact().dictionary == coded.dictionary, "order of first appearance is kept"


@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=30), st.data())
def test_taking_rows_keeps_only_what_is_used(texts: list[str | None], data: st.DataObject) -> None:
    rows = np.array(data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=20)), dtype=np.int64)
    column = Column.of(ColumnSpec("node", Kind.TEXT, ""), texts).take(rows)
    expected = [texts[row] for row in rows]
    assert column.to_list() == expected
    assert set(column.values.dictionary) == {text for text in expected if text is not None}
