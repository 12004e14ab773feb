"""What a company's own database holds, read in columns: a dataset by an SQL query.

Rows are fetched in blocks and turned into Arrow columns at once, texts as codes, so that a season's
readings do not stand in memory as Python objects. Nothing is ever written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citymains.errors import InputError
from citymains.messages import Text, register_messages

if TYPE_CHECKING:
    import pyarrow as pa

#: Rows fetched at a time.
BLOCK_ROWS = 200_000

register_messages(
    {
        "QUERY_FAILED": Text(
            "The database {file} did not answer the query: {value}",
            "数据库 {file} 未能执行查询:{value}",
            "Try the query with the database's own client, and check the address.",
            "请用数据库自带客户端试运行该查询,并检查地址。",
        )
    }
)


def read_query(url: str, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
    """Read the answer of a query in columns.

    Parameters
    ----------
    url : str
        Address as SQLAlchemy writes it: ``postgresql+psycopg://user@host/db``, ``sqlite:///file.db``.
    sql : str
        A query whose columns are named like the dataset's: ``SELECT id AS sensor, ...``.
    parameters : mapping, optional
        Values of ``:name`` in the query.

    Returns
    -------
    pyarrow.Table
        Any question takes it where it takes a dataset.

    Raises
    ------
    InputError
        QUERY_FAILED; the address is told without its password.

    Examples
    --------
    >>> table = read_query("sqlite://", "SELECT 'T1' AS sensor, '2022-12-05 10:00' AS time, 17.9 AS temperature_c")
    >>> table.num_rows
    1
    """
    import pyarrow as pa
    import sqlalchemy as sa

    try:
        engine = sa.create_engine(url)
    except (sa.exc.ArgumentError, ImportError) as error:
        raise InputError("QUERY_FAILED", file=url.partition(":")[0], value=str(error)) from error
    name = engine.url.render_as_string(hide_password=True)
    if engine.url.get_backend_name() == "sqlite" and not _exists(engine.url.database):
        raise InputError("FILE_NOT_FOUND", file=str(engine.url.database))
    try:
        with engine.connect().execution_options(stream_results=True) as connection:
            answer = connection.execute(sa.text(sql), dict(parameters or {}))
            names = list(answer.keys())
            columns = _Columns(names)
            tables = [columns.of(rows) for rows in _blocks(answer)]
    except sa.exc.SQLAlchemyError as error:
        raise InputError("QUERY_FAILED", file=name, value=str(error).splitlines()[0]) from error
    finally:
        engine.dispose()
    if not tables:
        return pa.table({one: pa.array([], pa.string()) for one in names})
    return pa.concat_tables(tables, promote_options="permissive").unify_dictionaries()


def _exists(file: str | None) -> bool:
    # SQLite makes a file that is not there, and an empty one answers nothing.
    return file in (None, "", ":memory:") or Path(str(file)).is_file()


def _blocks(answer: Any) -> Iterator[Any]:
    while rows := answer.fetchmany(BLOCK_ROWS):
        yield rows


class _Columns:
    """Blocks of rows as columns; texts that repeat, such as sensors, are kept once."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._coded: set[str] | None = None

    def of(self, rows: Any) -> pa.Table:
        import pyarrow as pa

        made = {
            name: pa.array(values) for name, values in zip(self._names, zip(*rows, strict=True), strict=True)
        }
        if self._coded is None:
            self._coded = {name for name, column in made.items() if _repeats(column)}
        for name in self._coded:
            made[name] = made[name].cast(pa.string()).dictionary_encode()
        return pa.table(made)


def _repeats(column: pa.Array) -> bool:
    import pyarrow as pa

    return pa.types.is_string(column.type) and len(column.unique()) < len(column) // 4
