"""The heat datasets as kinds that can be stored and asked for by id, and their empty templates."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from citymains.intake.source import SourceFile

from citymains_heating.refunds.datasets import DATASETS, Type

#: What each dataset is.
DESCRIPTIONS: Mapping[str, str] = {
    "users": "Users of heat: area, substation, price, sensor.",
    "rooms": "Rooms of users, for rules that refund by room.",
    "tariffs": "Prices of heat and the days they hold.",
    "requests": "Requests for a test of the room temperature, and what became of them.",
    "measurements": "Visits that measured room temperatures, or could not.",
    "outages": "Stops of substations.",
    "meters": "Readings of heat meters by period.",
    "outdoor": "Daily mean outdoor temperatures.",
    "buildings": "Buildings, for room temperatures: area, type, what they store and lose.",
    "weather": "Series of outdoor temperatures.",
    "ledger": "What earlier settlements paid.",
    "readings": "Series of room sensors.",
}


@dataclass(frozen=True)
class HeatDataset:
    """One of `DATASETS` as a kind of stored dataset."""

    dataset: str

    @property
    def name(self) -> str:
        """``heat_users``."""
        return f"heat_{self.dataset}"

    @property
    def description(self) -> str:
        """What it is."""
        return DESCRIPTIONS[self.dataset]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in DATASETS[self.dataset])

    def parquet(self, file: SourceFile, columns: Mapping[str, str] | None = None) -> bytes:
        """The file, checked, in Parquet under our headings; cells keep what was written.

        Raises
        ------
        InputError
            With every issue of the file.
        """
        import pyarrow as pa

        from citymains_heating.refunds.decoding import chunks_of
        from citymains_heating.refunds.raw import raw_columns
        from citymains_heating.refunds.tabular import raise_issues, read_dataset

        if self.dataset == "readings":
            if file.content[:4] == b"PAR1" and not columns:
                chunks_of(file)
                return file.content
            table = pa.concat_tables([chunk() for chunk in chunks_of(file)])
            return _parquet(table.select(self.names))
        raw, _, first_line = raw_columns(self.dataset, file)
        ours = {heading: name for name, heading in (columns or {}).items()}
        named = {ours.get(heading, heading): values for heading, values in raw.items()}
        headings = {column.zh: column.name for column in DATASETS[self.dataset]}
        known = {headings.get(name.strip(), name.strip()): values for name, values in named.items()}
        checked = read_dataset(self.dataset, pa.table(_arrays(known)), file=file.name, first_line=first_line)
        raise_issues([checked])
        return _parquet(
            pa.table(_arrays({name: known.get(name, [None] * checked.rows) for name in self.names}))
        )

    def write_template(self, path: str | PathLike[str]) -> None:
        """Write an empty .xlsx: the columns' names, and what belongs there as comments."""
        from openpyxl import Workbook

        book = Workbook()
        book.remove(book.active)
        add_sheet(book, self.dataset)
        book.save(path)


def _arrays(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Columns as Arrow arrays; cells of several types become the texts they were."""
    import pyarrow as pa

    found: dict[str, Any] = {}
    for name, values in columns.items():
        try:
            found[name] = values if hasattr(values, "to_pylist") else pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            found[name] = pa.array([None if one is None else str(one) for one in values])
    return found


def _parquet(table: Any) -> bytes:
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def add_sheet(book: Any, dataset: str) -> None:
    """Add a sheet with the headings of a dataset to a workbook."""
    from openpyxl.comments import Comment

    sheet = book.create_sheet(dataset)
    for at, column in enumerate(DATASETS[dataset], 1):
        cell = sheet.cell(1, at, column.name)
        need = "required" if column.required else "optional"
        unit = "" if column.type is Type.TEXT else f" {column.type}"
        cell.comment = Comment(f"{column.zh} ({need}{unit})\n{column.description}", "citymains")


def write_templates(folder: str | PathLike[str]) -> list[Path]:
    """Write an empty CSV for every dataset and one workbook with a sheet for each.

    The first line holds the column names; the workbook's cell comments say what belongs there.

    Parameters
    ----------
    folder : path
        Made where it does not exist; files of the same names are overwritten.

    Returns
    -------
    list of Path
    """
    from openpyxl import Workbook

    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    book = Workbook()
    book.remove(book.active)
    written = []
    for name, columns in DATASETS.items():
        path = target / f"{name}.csv"
        # The byte order mark makes spreadsheet programs read the file as UTF-8.
        path.write_text(",".join(column.name for column in columns) + "\n", encoding="utf-8-sig")
        written.append(path)
        add_sheet(book, name)
    path = target / "refunds.xlsx"
    book.save(path)
    return [*written, path]


def dataset_kinds() -> list[HeatDataset]:
    """The datasets as kinds that can be stored."""
    return [HeatDataset(name) for name in DATASETS]
