"""Sensor series as they are stored, decoded chunk by chunk into codes, seconds and thousandths."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from citymains.errors import InputError
from citymains.intake.source import SourceFile
from numpy.typing import NDArray

from citymains_heating.refunds.datasets import DATASETS
from citymains_heating.refunds.policy import MILLI
from citymains_heating.refunds.raw import raw_columns
from citymains_heating.refunds.tabular import MISSING, parse_time

#: Rows a thread works on at a time; about what fits the cache next to its temporaries.
CHUNK_ROWS = 1_000_000
#: Stands for a reading without a value.
NO_VALUE = np.iinfo(np.int32).min
#: Chinese headings of the readings' columns.
_HEADINGS = {one.zh: one.name for one in DATASETS["readings"]}
#: Some readings: gives an Arrow table when a thread asks for it.
Chunk: TypeAlias = Callable[[], Any]


@dataclass
class RawReadings:
    """Readings in the order of the file; ``unreadable`` and ``time_24`` hold the sensors of such rows."""

    codes: NDArray[np.int32]
    seconds: NDArray[np.int64]
    milli: NDArray[np.int32]
    unreadable: NDArray[np.int32]
    time_24: NDArray[np.int32]


class SensorDirectory:
    """Sensors in order of first appearance in the file, whichever thread decoded first."""

    def __init__(self) -> None:
        self._index: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        return list(self._index)

    def place(self, names: list[str], raw: RawReadings) -> RawReadings:
        """The piece with its own codes turned into those of the directory."""
        lookup = np.array([self._index.setdefault(name, len(self._index)) for name in names], dtype=np.int32)
        if np.array_equal(lookup, np.arange(len(lookup))):
            return raw
        return replace(
            raw, codes=lookup[raw.codes], unreadable=lookup[raw.unreadable], time_24=lookup[raw.time_24]
        )


def chunks_of(source: Any) -> list[Chunk]:
    """A source of readings in pieces; a Parquet file is not read as a whole.

    Raises
    ------
    InputError
        FILE_NOT_FOUND, FILE_WRONG_FORMAT, and what is wrong with its headings.
    """
    if isinstance(source, str | Path):
        path = Path(source)
        if not path.is_file():
            raise InputError("FILE_NOT_FOUND", file=str(path), section="readings")
        with path.open("rb") as file:
            parquet = file.read(4) == b"PAR1"
        return list(_parquet_chunks(lambda: path, path.name) if parquet else _table_chunks(path))
    if isinstance(source, SourceFile) and source.content[:4] == b"PAR1":
        return list(_parquet_chunks(lambda: io.BytesIO(source.content), source.name))
    return list(_table_chunks(source))


def _parquet_chunks(open_file: Callable[[], Any], name: str) -> Iterator[Chunk]:
    """The row groups of a Parquet file."""
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(open_file(), read_dictionary=["sensor"])
    except (ValueError, OSError) as error:
        raise InputError("FILE_WRONG_FORMAT", file=name, limit="Parquet", value=str(error)) from error
    names = file.schema_arrow.names
    _check_headings(names, name)
    wanted = [name for name in ("sensor", "time", "temperature_c", "unit") if name in names]
    for group in range(file.num_row_groups):
        # A reader of its own per group: the file object is not shared between threads.
        def load(group: int = group) -> Any:
            with pq.ParquetFile(open_file(), read_dictionary=["sensor"]) as own:
                return own.read_row_group(group, columns=wanted, use_threads=False)

        yield load


def _table_chunks(source: Any) -> Iterator[Chunk]:
    """Slices of a table, a CSV or an Excel file."""
    import pyarrow as pa

    raw, file, _ = raw_columns("readings", source)
    columns = {_HEADINGS.get(name.strip(), name.strip()): values for name, values in raw.items()}
    try:
        table = pa.table(columns)
    except (pa.ArrowException, TypeError):  # cells of several types: what they mean is decided as for a CSV
        table = pa.table({name: _texts(values) for name, values in columns.items()})
    _check_headings(table.column_names, file)
    for start in range(0, max(1, table.num_rows), CHUNK_ROWS):
        yield partial(table.slice, start, CHUNK_ROWS)


def _texts(values: Any) -> list[str | None]:
    return [None if cell is None else str(cell) for cell in values]


def _check_headings(names: list[str], file: str) -> None:
    if "temperature_c" not in names:
        bare = next(
            (name for name in names if name.startswith("temp") or name in ("value", "温度", "t")), None
        )
        if bare is not None:
            raise InputError("REFUND_READING_UNIT_MISSING", file=file, section="readings", field=bare)
    for name in ("sensor", "time", "temperature_c"):
        if name not in names:
            raise InputError("REFUND_COLUMN_MISSING", file=file, section="readings", field=name)


def decode(chunk: Chunk) -> tuple[list[str], RawReadings]:
    """Sensors of a chunk and its readings, coded by position among them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = chunk()
    _check_units(table)
    sensor = table.column("sensor").combine_chunks()
    if not pa.types.is_dictionary(sensor.type):
        sensor = pc.cast(sensor, pa.string()).dictionary_encode()
    names = [str(name) for name in sensor.dictionary.to_pylist()]
    codes = sensor.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    seconds, time_24 = _seconds(table.column("time"))
    celsius = _numbers(table.column("temperature_c"))
    scaled = celsius.astype(np.float64) * MILLI
    np.rint(scaled, out=scaled)
    lost = ~(np.abs(scaled) < 1e8)  # NaN too
    if lost.any():
        scaled[lost] = NO_VALUE
    milli = scaled.astype(np.int32)
    readable = seconds != MISSING
    raw = RawReadings(codes, seconds, milli, codes[~readable], codes[time_24])
    if not readable.all():
        raw = RawReadings(codes[readable], seconds[readable], milli[readable], raw.unreadable, raw.time_24)
    return names, raw


def _numbers(column: Any) -> NDArray[np.float64]:
    """A column of numbers; NaN for what is not one: such a reading is set aside as without value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        try:
            column = pc.cast(column, pa.float64())
        except pa.ArrowInvalid:
            return np.array([_number(text) for text in column.to_pylist()], dtype=np.float64)
    if pa.types.is_decimal(column.type):
        column = pc.cast(column, pa.float64())
    return np.asarray(column.to_numpy(), dtype=np.float64)


def _number(text: str | None) -> float:
    try:
        return float(unicodedata.normalize("NFKC", text or ""))
    except ValueError:
        return float("nan")


def _check_units(table: Any) -> None:
    import pyarrow.compute as pc

    if "unit" not in table.column_names:
        return
    column = table.column("unit")
    for unit in pc.unique(column).to_pylist():
        if unit is None or str(unit).strip() not in ("C", "°C", "℃", "c"):
            row = column.to_pylist().index(unit)
            code = "REFUND_READING_UNIT_UNKNOWN"
            raise InputError(code, file="readings", line=row + 1, section="readings", field="unit",
                             element=table.column("sensor")[row].as_py(), value=unit, limit="C")  # fmt: skip


#: Times Arrow reads as they stand, and the same for all of them.
_PLAIN_TIME = r"^\d{4}-\d{2}-\d{2}[ T]([01]\d|2[0-3]):\d{2}(:\d{2})?$"


def _seconds(column: Any) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Seconds of local time; MISSING where unreadable. Also the rows written as 24:00."""
    import pyarrow as pa
    import pyarrow.compute as pc

    none = np.zeros(0, dtype=np.intp)
    if pa.types.is_timestamp(column.type):
        shift = 8 * 3600 if column.type.tz is not None else 0
        per = {"s": 1, "ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}[column.type.unit]
        whole = pc.cast(column, pa.int64())
        if not whole.null_count:
            ticks = whole.to_numpy()
            return (ticks if per == 1 else ticks // per) + shift, none
        ticks = pc.fill_null(whole, 0).to_numpy() // per + shift
        return np.where(pc.is_null(whole).to_numpy(zero_copy_only=False), MISSING, ticks), none
    texts = pc.cast(column, pa.string())
    plain = pc.fill_null(pc.match_substring_regex(texts, _PLAIN_TIME), False)
    read = pc.cast(pc.if_else(plain, texts, pa.scalar(None, pa.string())), pa.timestamp("s"))
    seconds = pc.fill_null(pc.cast(read, pa.int64()), MISSING).to_numpy().copy()
    others = np.flatnonzero(~plain.to_numpy(zero_copy_only=False))
    odd = texts.take(pa.array(others)).to_pylist()
    for row, text in zip(others.tolist(), odd, strict=True):
        found = None if text is None else parse_time(text)
        seconds[row] = MISSING if found is None else found
    late = [row for row, text in zip(others.tolist(), odd, strict=True) if text and "24:00" in text]
    return seconds, np.array(late, dtype=np.intp)
