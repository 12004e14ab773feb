"""Sensor series as they are stored, decoded chunk by chunk into codes, seconds and thousandths."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from citymains.errors import InputError
from numpy.typing import NDArray

from citymains_heating.refunds.policy import MILLI
from citymains_heating.refunds.tabular import MISSING, parse_time, raw_columns, rows_to_columns

#: Rows a thread works on at a time; about what fits the cache next to its temporaries.
CHUNK_ROWS = 1_000_000
#: Stands for a reading without a value.
NO_VALUE = np.iinfo(np.int32).min
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


def is_parquet(source: Any) -> bool:
    """Whether a source is a Parquet file."""
    return isinstance(source, str | Path) and str(source).lower().endswith(".parquet")


def parquet_chunks(path: Path) -> Iterator[Chunk]:
    """The row groups of a Parquet file."""
    import pyarrow.parquet as pq

    if not path.is_file():
        raise InputError("FILE_NOT_FOUND", file=str(path), section="readings")
    try:
        file = pq.ParquetFile(path, read_dictionary=["sensor"])
    except (ValueError, OSError) as error:
        raise InputError("FILE_WRONG_FORMAT", file=path.name, limit="Parquet", value=str(error)) from error
    names = file.schema_arrow.names
    _check_headings(names, path.name)
    wanted = [name for name in ("sensor", "time", "temperature_c", "unit") if name in names]
    for group in range(file.num_row_groups):
        # A reader of its own per group: the file object is not shared between threads.
        def load(group: int = group) -> Any:
            with pq.ParquetFile(path, read_dictionary=["sensor"]) as own:
                return own.read_row_group(group, columns=wanted, use_threads=False)

        yield load


def table_chunks(source: Any) -> Iterator[Chunk]:
    """Slices of a table, a CSV or an Excel file."""
    import pyarrow as pa

    file = Path(source).name if isinstance(source, str | Path) else "readings"
    if isinstance(source, str | Path):
        columns = _file_columns(source)
        table = pa.table(columns)
    elif hasattr(source, "column_names") and hasattr(source, "column"):
        table = source
    elif hasattr(source, "columns"):
        table = pa.Table.from_pandas(source, preserve_index=False)
    else:
        table = pa.table(rows_to_columns(source))
    _check_headings(table.column_names, file)
    for start in range(0, max(1, table.num_rows), CHUNK_ROWS):
        yield partial(table.slice, start, CHUNK_ROWS)


def _file_columns(source: Any) -> dict[str, Any]:
    """The raw columns of a CSV or Excel file of readings."""
    columns, _, _ = raw_columns("readings", source)
    headings = {"测温点": "sensor", "时间": "time", "室温": "temperature_c"}
    return {headings.get(name.strip(), name.strip()): values for name, values in columns.items()}


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
    value = table.column("temperature_c")
    if pa.types.is_string(value.type) or pa.types.is_large_string(value.type):
        value = pa.array([_number(text) for text in value.to_pylist()], pa.float64())
    celsius = pc.cast(value, pa.float64()).to_numpy() if pa.types.is_decimal(value.type) else value.to_numpy()
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


def _number(text: str | None) -> float:
    """A number, or NaN for what is not one: such a reading is set aside as without value."""
    try:
        return float(unicodedata.normalize("NFKC", text or ""))
    except ValueError:
        return float("nan")


def _check_units(table: Any) -> None:
    if "unit" not in table.column_names:
        return
    for row, unit in enumerate(table.column("unit").to_pylist()):
        if unit is None or str(unit).strip() not in ("C", "°C", "℃", "c"):
            code = "REFUND_READING_UNIT_UNKNOWN"
            raise InputError(code, file="readings", line=row + 1, section="readings", field="unit",
                             element=table.column("sensor")[row].as_py(), value=unit, limit="C")  # fmt: skip


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
    texts = [None if cell is None else str(cell) for cell in column.to_pylist()]
    parsed = [None if text is None else parse_time(text) for text in texts]
    seconds = np.array([MISSING if one is None else one for one in parsed], dtype=np.int64)
    return seconds, np.array(
        [row for row, text in enumerate(texts) if text and "24:00" in text], dtype=np.intp
    )
