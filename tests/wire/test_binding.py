"""Dataclasses to messages and back: every type of the table, and everything that is refused."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
import wire_echo
from citymains.api.common.v1 import common_pb2
from citymains.errors import InputError, InternalError
from citymains.model.canonical import canonical_json
from citymains.model.scenario import Scenario
from citymains.model.table import Coded, Column, Kind, Table
from citymains.wire.binding import decode, encode
from citymains.wire.messages import parse
from citymains.wire.packed import doubles_field
from citymains.wire.refusal import Refused
from citymains.wire.tables import fill_table, read_table
from citymains_echo.v1 import echo_pb2
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
INT64 = st.integers(-(2**63), 2**63 - 1)
REAL = st.floats(allow_nan=True, allow_infinity=True)
EXACT = st.decimals(allow_nan=False, allow_infinity=False)
CENTS = st.decimals(-(10**12), 10**12, places=2, allow_nan=False)
DAY = st.dates()
INSTANT = st.datetimes(
    datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))])
)
PLAIN = st.builds(wire_echo.Plain, text=TEXT, number=INT64)
CHOICE = st.one_of(
    st.builds(wire_echo.Circle, radius_m=REAL),
    st.builds(wire_echo.LongBox, width_m=REAL, labels=st.lists(TEXT, max_size=3).map(tuple)),
)
SCENARIO = st.sampled_from([
    Scenario(), Scenario.close(["P-1", "管-2"], start_s=0.0, end_s=3.0), Scenario.lose(pumps=["a"], regulators=["r"]),
    Scenario.scale_demand(0.0) + Scenario.set_control("V", "speed", 0.5), Scenario.storm("f", 2, 7200) + Scenario.burst("p", 80),
])  # fmt: skip


def several(items: Any) -> Any:
    return st.lists(items, max_size=4).map(tuple)


EVERYTHING = st.builds(
    wire_echo.Everything,
    text=TEXT, flag=st.booleans(), whole=INT64, real=REAL, raw=st.binary(max_size=20),
    maybe_real=st.none() | REAL, maybe_text=st.none() | TEXT, maybe_whole=st.none() | INT64, maybe_plain=st.none() | PLAIN,
    colour=st.sampled_from(wire_echo.Colour), exact=EXACT, price_yuan=CENTS, day=DAY, instant=INSTANT,
    samples=st.lists(REAL, max_size=20).map(np.array), words=several(TEXT), wholes=several(INT64),
    colours=several(st.sampled_from(wire_echo.Colour)), exacts=several(EXACT), plains=several(PLAIN),
    by_name=st.dictionaries(TEXT, REAL, max_size=3), plain_by_name=st.dictionaries(TEXT, PLAIN, max_size=3),
    shape=CHOICE, shapes=several(CHOICE), scenario=SCENARIO, mode=st.sampled_from(["fast", "exact"]), maybe_day=st.none() | DAY,
)  # fmt: skip


def through(value: Any) -> Any:
    """Over the wire and back, in bytes."""
    content = encode(value, echo_pb2.Everything).SerializeToString()
    return decode(parse(content, echo_pb2.Everything, strict=True), type(value))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(EVERYTHING)
@example(wire_echo.Everything())
@example(wire_echo.Everything(maybe_real=0.0, maybe_text="", maybe_whole=0, maybe_plain=wire_echo.Plain()))
def test_every_value_comes_back(value: wire_echo.Everything) -> None:
    back = through(value)
    for one in dataclasses.fields(value):
        sent, got = getattr(value, one.name), getattr(back, one.name)
        if one.name == "samples":
            assert got.dtype == np.float64
            np.testing.assert_array_equal(got, np.asarray(sent, dtype=np.float64))
        elif one.name == "instant":
            assert got == sent
            assert got.tzinfo is UTC
        else:
            assert canonical_json(got) == canonical_json(sent), one.name
            assert type(got) is type(sent)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", 3), ("text", "\ud800"), ("flag", 1), ("whole", 1.0), ("whole", True), ("whole", 2**63), ("real", "1"),
        ("real", True), ("raw", "x"), ("maybe_plain", {"text": "x"}), ("colour", "GREEN"), ("exact", 1.5),
        ("exact", Decimal("NaN")), ("price_yuan", Decimal("0.0000000001")), ("price_yuan", Decimal(2**63)),
        ("day", datetime(2026, 1, 1)), ("instant", datetime(2026, 1, 1)), ("samples", np.zeros((2, 2))),
        ("samples", ["x"]), ("words", {"a": 1}), ("words", 3), ("by_name", [1]), ("by_name", {1: 2.0}),
        ("shape", wire_echo.Plain()), ("mode", "slow"), ("text", None),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_with_its_field(field: str, value: Any) -> None:
    with pytest.raises(InternalError, match=field):
        encode(dataclasses.replace(wire_echo.Everything(), **{field: value}), echo_pb2.Everything)


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("colour", {"colour": 99}), ("colour", {"colour": 0}), ("exact.", {"exact": {"value": "1e"}}), ("exact", {"exact": {"value": "9" * 101}}),
        ("exact", {"exact": {"value": "NaN"}}), ("price_yuan", {"price_yuan": {"currency_code": "USD"}}),
        ("price_yuan", {"price_yuan": {"currency_code": "CNY", "units": 1, "nanos": -1}}),
        ("day", {"day": {"year": 2026, "month": 2, "day": 30}}), ("day", {"day": {"year": 2026}}),
        ("instant", {"instant": {"nanos": -1}}), ("instant", {"instant": {"seconds": 10**15}}),
        ("colours[1]", {"colours": [1, 77]}), ("plain_by_name", {}), ("shapes[0]", {"shapes": [{}]}), ("mode", {"mode": "slow"}),
        ("scenario.edits[0]", {"scenario": {"edits": [{}]}}),
    ],
)  # fmt: skip
def test_a_wrong_message_is_refused_with_the_path(path: str, change: dict[str, Any]) -> None:
    message = encode(wire_echo.Everything(), echo_pb2.Everything)
    if not change:
        return
    for name in change:
        message.ClearField(name)
    message.MergeFrom(echo_pb2.Everything(**change))
    with pytest.raises(InputError) as caught:
        decode(message, wire_echo.Everything)
    assert caught.value.issues[0].field.startswith(path.rstrip("."))


def test_every_refused_field_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        decode(echo_pb2.Everything(mode="slow", plains=[echo_pb2.Plain()]), wire_echo.Everything)
    assert {one.field for one in caught.value.issues} >= {
        "mode",
        "colour",
        "exact",
        "price_yuan",
        "day",
        "instant",
        "shape",
    }


def test_fields_of_another_contract_are_refused_in_requests_alone() -> None:
    content = b"\xfa\x3f\x01x"  # field 1023
    parse(content, echo_pb2.Plain)
    with pytest.raises(Refused):
        parse(content, echo_pb2.Plain, strict=True)


# -- arrays ---------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(REAL, max_size=300))
def test_merged_doubles_are_the_plain_ones_byte_for_byte(values: list[float]) -> None:
    array = np.array(values, dtype=np.float64)
    plain = echo_pb2.Everything(samples=array.tolist())
    merged = echo_pb2.Everything()
    merged.MergeFromString(doubles_field(echo_pb2.Everything.SAMPLES_FIELD_NUMBER, array))
    assert merged.SerializeToString() == plain.SerializeToString()


def test_131072_doubles_have_the_plain_bytes() -> None:
    array = np.random.default_rng(7).normal(size=131_072)
    plain = echo_pb2.Everything(samples=array)
    merged = echo_pb2.Everything()
    merged.MergeFromString(doubles_field(echo_pb2.Everything.SAMPLES_FIELD_NUMBER, array))
    assert merged.SerializeToString() == plain.SerializeToString()
    np.testing.assert_array_equal(np.array(merged.samples), array)


def test_big_endian_and_strided_arrays_arrive_right() -> None:
    array = np.arange(20, dtype=">f8")[::3]
    np.testing.assert_array_equal(
        through(wire_echo.Everything(samples=array)).samples, array.astype(np.float64)
    )


# -- tables ---------------------------------------------------------------------------------------------


def table_through(table: Table) -> Table:
    message = common_pb2.Table()
    fill_table(message, table)
    return read_table(common_pb2.Table.FromString(message.SerializeToString()))


def test_a_table_of_every_kind_comes_back_exactly() -> None:
    table = wire_echo.rows(30).tables[0]
    texts = [
        Column(kind.value.lower(), kind, Coded.of(["2026-01-01", None, "x"] * 10))
        for kind in (Kind.DATE, Kind.TIME)
    ]
    table = Table("all", (*table.columns, *texts))
    back = table_through(table)
    assert back.sha256 == table.sha256
    assert [one.to_list() for one in back.columns] == [one.to_list() for one in table.columns]
    assert [(one.name, one.unit, one.kind) for one in back.columns] == [
        (one.name, one.unit, one.kind) for one in table.columns
    ]
    assert np.isnan(back.array("pressure_m")[0])


def test_an_empty_table_comes_back() -> None:
    table = wire_echo.Rows.TABLES[0].empty()
    assert table_through(table).sha256 == table.sha256
    assert table_through(Table("none")).columns == ()


def test_a_large_table_travels_as_its_manifest() -> None:
    table = wire_echo.rows(10_001).tables[0]
    back = table_through(table)
    assert (back.row_count, back.column_names, back.sha256) == (10_001, table.column_names, table.sha256)


@pytest.mark.parametrize("wrong", ["rows", "index", "kind", "stray", "hash", "count"])
def test_a_table_that_contradicts_itself_is_refused(wrong: str) -> None:
    message = common_pb2.Table()
    fill_table(message, wire_echo.rows(3).tables[0])
    if wrong == "rows":
        message.columns[1].doubles.append(1.0)
    elif wrong == "index":
        message.columns[0].indices[0] = 99
    elif wrong == "kind":
        message.columns[0].kind = 55
    elif wrong == "stray":
        message.columns[0].doubles.append(1.0)
    elif wrong == "hash":
        message.columns[1].doubles[0] = 17.0
    else:
        message.row_count = 4
    with pytest.raises(Refused):
        read_table(message)


def test_dates_keep_their_day() -> None:
    assert through(wire_echo.Everything(day=date(1899, 12, 31))).day == date(1899, 12, 31)
