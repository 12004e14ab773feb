"""The contract of the store, the same for SQLite and PostgreSQL."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from citymains.errors import InputError, NotFoundError, StateError, TransportError
from citymains.model.provenance import Provenance
from citymains.store.entries import CityEntry
from citymains.store.store import Store

from tests.store.records import EveryKind, every_kind, everything, network


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(database_url, tmp_path / "files", record_type=lambda question: EveryKind)
    yield opened
    opened.close()


def test_a_network_comes_back_without_its_element_tables(store: Store) -> None:
    record = network()
    store.put_network(record, b"[JUNCTIONS]\n")
    assert store.network(record.id) == replace(record, tables=())
    assert store.document(record.id) == b"[JUNCTIONS]\n"


def test_a_network_under_a_wrong_id_is_refused(store: Store) -> None:
    with pytest.raises(InputError, match="ARGUMENT_INVALID"):
        store.put_network(network(), b"another document")
    assert store.networks().networks == ()


@pytest.mark.parametrize(
    "network_id", ["networks/" + "0" * 64, "networks/../../etc/passwd", "x", "", "reports/" + "0" * 64]
)
def test_an_unknown_network_is_not_found(store: Store, network_id: str) -> None:
    for ask in (store.network, store.document):
        with pytest.raises(NotFoundError) as caught:
            ask(network_id)
        assert caught.value.code == "NETWORK_NOT_FOUND"


def test_the_latest_import_names_a_network_and_a_known_crs_stays(store: Store) -> None:
    store.put_network(network(name="first"), b"[JUNCTIONS]\n")
    store.put_network(network(name="second", crs="EPSG:4547"), b"[JUNCTIONS]\n")
    store.put_network(network(name="third", crs="EPSG:4326"), b"[JUNCTIONS]\n")
    (entry,) = store.networks().networks
    assert (entry.name, entry.crs, entry.counts) == ("third", "EPSG:4547", {"junctions": 3})
    assert store.network(entry.id).name == "third"
    assert store.network(entry.id).crs == "EPSG:4547"


def test_pages_hold_every_network_once_newest_first(store: Store) -> None:
    ids = [
        store.put_network(network(b"%d" % i, utility="water" if i % 2 else "gas"), b"%d" % i)
        for i in range(7)
    ]
    seen, token = [], ""
    while True:
        page = store.networks(3, token)
        seen += [entry.id for entry in page.networks]
        token = page.next_page_token
        if not token:
            break
    assert seen == ids[::-1]
    assert [entry.id for entry in store.networks(utility="gas").networks] == ids[::-2]
    assert store.networks(7).next_page_token == ""


@pytest.mark.parametrize(
    "arguments", [(-1, ""), (0, "nonsense"), (0, "WyJ4Il0"), (0, "WyIyMDI2LTAxLTAxIiwgIngiXQ")]
)
def test_a_wrong_page_is_refused(store: Store, arguments: tuple[int, str]) -> None:
    with pytest.raises(InputError, match="ARGUMENT_INVALID"):
        store.networks(*arguments)


def test_a_record_comes_back_equal_with_run_time_and_host(store: Store) -> None:
    record = every_kind()
    report_id = store.put_record(record)
    assert report_id == "reports/" + hashlib.sha256(record.to_json().encode()).hexdigest()
    read = store.record(report_id)
    assert read == record
    assert (read.provenance.run_s, read.provenance.host) == (1.5, "here")
    assert store.put_record(replace(record, provenance=replace(record.provenance, run_s=9.0))) == report_id
    assert store.record(report_id).provenance.run_s == 1.5


def test_a_large_table_is_kept_apart_and_exact(store: Store) -> None:
    record = every_kind(rows=10_001)
    report_id = store.put_record(record)
    read = store.record(report_id)
    assert read == record
    assert read.to_json(all_rows=True) == record.to_json(all_rows=True)
    assert store.table(record.tables[0].sha256).sha256 == record.tables[0].sha256
    assert read.frame().equals(record.frame())
    with pytest.raises(NotFoundError):
        store.table("0" * 64)


def test_infinite_numbers_survive(store: Store) -> None:
    table = everything(4)
    columns = tuple(
        replace(column, values=np.array([np.inf, -np.inf, np.nan, -0.0]))
        if column.name == "pressure_m"
        else column
        for column in table.columns
    )
    record = replace(every_kind(), tables=(replace(table, columns=columns),))
    read = store.record(store.put_record(record))
    assert read == record
    assert read.frame()["pressure_m"].tolist()[:2] == [np.inf, -np.inf]


def test_a_record_is_found_by_its_provenance(store: Store) -> None:
    record = every_kind()
    assert store.report_of(record.provenance) is None
    report_id = store.put_record(record)
    assert store.report_of(replace(record.provenance, host="elsewhere", run_s=0.1)) == report_id
    assert store.report_of(replace(record.provenance, engine_version="2")) is None
    assert store.report_of(Provenance()) is None


def test_a_changed_or_lost_file_is_told_and_healed_by_the_next_put(store: Store, tmp_path: Path) -> None:
    record = network()
    store.put_network(record, b"[JUNCTIONS]\n")
    sha256 = record.id.removeprefix("networks/")
    path = tmp_path / "files" / sha256[:2] / sha256[2:]
    path.write_bytes(b"[JUNCTIONS]\nX")
    with pytest.raises(StateError, match="STORE_DAMAGED"):
        store.document(record.id)
    store.put_network(record, b"[JUNCTIONS]\n")
    assert store.document(record.id) == b"[JUNCTIONS]\n"
    path.unlink()
    with pytest.raises(StateError, match="STORE_DAMAGED"):
        store.document(record.id)


def test_a_full_disk_stores_nothing(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StateError, match=r"STORE_FULL.*No space left"):
        store.put_network(network(), b"[JUNCTIONS]\n")
    monkeypatch.undo()
    assert store.networks().networks == ()
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


def test_a_database_on_a_full_disk_says_so(tmp_path: Path) -> None:
    import sqlite3

    import sqlalchemy as sa

    store = Store.open(f"sqlite:///{tmp_path / 'x.db'}", tmp_path / "files")

    def least_room(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # SQLite takes the size it already has

    sa.event.listen(store._database._engine, "checkout", least_room)

    def fill() -> None:
        for number in range(2000):
            document = b"%d" % number
            id_ = "networks/" + hashlib.sha256(document).hexdigest()
            store.put_network(replace(network(name="x" * 2000), id=id_), document)

    with pytest.raises(StateError, match="STORE_FULL"):
        fill()


def parquet(**columns: list[object]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def test_a_dataset_is_its_content_kind_and_column_map(store: Store) -> None:
    content = parquet(户号=["1", "2"], 温度=[18.0, 17.5])
    dataset = store.put_dataset("readings", content, {"user": "户号", "temperature_c": "温度"})
    assert dataset.row_count == 2
    assert store.dataset(dataset.id) == dataset
    assert store.dataset_content(dataset.id) == content
    assert store.put_dataset("readings", content, {"temperature_c": "温度", "user": "户号"}).id == dataset.id
    assert store.put_dataset("rooms", content, dataset.columns).id != dataset.id
    with pytest.raises(NotFoundError):
        store.dataset("datasets/" + "0" * 64)
    with pytest.raises(InputError, match="FILE_WRONG_FORMAT"):
        store.put_dataset("readings", b"no parquet", {})
    with pytest.raises(InputError, match="ARGUMENT_INVALID"):
        store.put_dataset("readings", content, {"user": "用户"})


def test_a_city_ties_networks_and_datasets_together(store: Store) -> None:
    net = store.put_network(network(), b"[JUNCTIONS]\n")
    data = store.put_dataset("customers", parquet(id=["1"]), {"id": "id"}).id
    city = CityEntry(
        id="cities/qingdao",
        name="青岛",
        jurisdiction="山东省/青岛市",
        crs="EPSG:4548",
        networks={"water": net},
        datasets=(data,),
    )
    assert store.put_city(city) == "cities/qingdao"
    assert store.city("cities/qingdao") == city
    store.put_city(replace(city, datasets=()))
    assert store.city("cities/qingdao").datasets == ()
    with pytest.raises(NotFoundError):
        store.put_city(replace(city, networks={"gas": "networks/" + "0" * 64}))
    with pytest.raises(InputError):
        store.put_city(replace(city, id="cities/青岛"))
    with pytest.raises(NotFoundError):
        store.city("cities/nowhere")


def test_threads_put_the_same_and_different_things_at_once(store: Store) -> None:
    errors: list[BaseException] = []
    start = threading.Barrier(8)

    def work(i: int) -> None:
        try:
            start.wait()
            for turn in range(4):
                for document in (b"shared %d" % turn, b"own %d %d" % (i, turn)):
                    store.put_network(network(document), document)
                    assert store.document(network(document).id) == document
            store.put_record(every_kind())
        except BaseException as error:  # the thread's verdict is given below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(store.networks(1000).networks) == 4 + 8 * 4


PUT = """
import hashlib, sys
from citymains.model.network import Network
from citymains.store.store import Store
url, files, me = sys.argv[1:]
store = Store.open(url, files)
for turn in range(10):
    for document in (b"shared %d" % turn, b"own %s %d" % (me.encode(), turn)):
        store.put_network(Network(id="networks/" + hashlib.sha256(document).hexdigest(), utility="water"), document)
"""


def test_processes_open_a_new_store_and_put_at_once(database_url: str, tmp_path: Path) -> None:
    files = tmp_path / "files"
    command = [sys.executable, "-c", PUT, database_url, str(files)]
    workers = [subprocess.Popen([*command, str(i)], stderr=subprocess.PIPE) for i in range(3)]
    told = [worker.communicate(timeout=120)[1].decode() for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 3, "\n".join(told)
    store = Store.open(database_url, files)
    entries = store.networks(1000).networks
    assert len(entries) == 10 + 3 * 10
    for entry in entries:
        assert entry.id == "networks/" + hashlib.sha256(store.document(entry.id)).hexdigest()
    store.close()


def test_a_database_that_is_not_there_is_told_without_the_password() -> None:
    with pytest.raises(TransportError) as caught:
        Store.open("postgresql://me:secret@127.0.0.1:1/none")
    assert caught.value.code == "STORE_UNAVAILABLE"
    assert "secret" not in str(caught.value) + caught.value.message_zh


@pytest.mark.parametrize(
    "url", ["mysql://host/db", "nonsense", "postgresql+asyncpg://host/db", "sqlite://", "sqlite:///:memory:"]
)
def test_another_database_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="ARGUMENT_INVALID"):
        Store.open(url)


def test_a_file_that_is_no_database_and_a_folder_that_cannot_be_made_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"no database at all " * 100)
    for url in (f"sqlite:///{tmp_path / 'a.db'}", f"sqlite:///{tmp_path / 'a.db' / 'below.db'}"):
        with pytest.raises(TransportError) as caught:
            Store.open(url)
        assert caught.value.code == "STORE_UNAVAILABLE"


@pytest.mark.parametrize("revision", ["9999", "0000_of_nobody"])
def test_a_database_of_a_newer_citymains_is_refused(database_url: str, tmp_path: Path, revision: str) -> None:
    import sqlalchemy as sa

    Store.open(database_url, tmp_path).close()
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE alembic_version SET version_num = '{revision}'"))
    engine.dispose()
    with pytest.raises(StateError, match="STORE_TOO_NEW"):
        Store.open(database_url, tmp_path)


def test_text_that_a_database_cannot_hold_is_refused_or_kept(store: Store, database_url: str) -> None:
    odd = network(name="with\0nul")
    if database_url.startswith("sqlite"):
        store.put_network(odd, b"[JUNCTIONS]\n")
        assert store.networks().networks[0].name == "with\0nul"
    else:
        with pytest.raises(InputError, match="ARGUMENT_INVALID"):
            store.put_network(odd, b"[JUNCTIONS]\n")
        assert store.networks().networks == ()


FOREVER = """
import hashlib, itertools, sys
from citymains.model.network import Network
from citymains.store.store import Store
store = Store.open(*sys.argv[1:])
print("ready", flush=True)
for turn in itertools.count():
    document = b"%d" % turn * 10_000
    store.put_network(Network(id="networks/" + hashlib.sha256(document).hexdigest(), utility="water"), document)
"""


def test_a_writer_killed_in_the_middle_leaves_only_whole_networks(database_url: str, tmp_path: Path) -> None:
    files = tmp_path / "files"
    for _ in range(2):
        command = [sys.executable, "-c", FOREVER, database_url, str(files)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            time.sleep(0.3)
            writer.kill()
    store = Store.open(database_url, files)
    entries = store.networks(1000).networks
    assert entries
    for entry in entries:
        assert entry.id == "networks/" + hashlib.sha256(store.document(entry.id)).hexdigest()
        assert store.network(entry.id).id == entry.id
    store.put_network(network(), b"[JUNCTIONS]\n")
    store.close()
