"""Opening a city: from its folder, by name, and what goes wrong."""

from __future__ import annotations

from pathlib import Path

import citymains
import pytest
from citymains.errors import InputError, NotFoundError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    city = tmp_path / "示范市"
    city.mkdir()
    (city / "city.toml").write_text(
        'name = "示范市"\njurisdiction = "河南省/平顶山市"\ncrs = "EPSG:4547"\n[networks]\ndrainage = "排水.inp"\n',
        encoding="utf-8",
    )
    district = citymains.open("demo").drainage.bundled()["district"]
    (city / "排水.inp").write_bytes(district.read_text(encoding="utf-8").encode("gb18030"))
    return city


def test_a_city_knows_its_own_network_in_any_encoding(folder: Path) -> None:
    city = citymains.open(folder)
    assert (city.name, city.workbench.jurisdiction) == ("示范市", "河南省/平顶山市")
    network = city.network("drainage")
    assert network.crs == "EPSG:4547"
    assert network.id == city.drainage.load("district").id, (
        "the same model in another encoding is the same network"
    )
    with pytest.raises(NotFoundError):
        city.network("gas")


def test_questions_start_in_the_background_and_faces_are_those_of_a_server(folder: Path) -> None:
    city = citymains.open(folder)
    network = city.network("drainage")
    report = city.start("drainage.validate", source=network.id).result(60)
    assert report.error_count == 0
    assert network.id in [one.id for one in city.networks.list(utility="drainage").networks]
    assert {"water", "gas", "heating", "drainage"} <= {one.name for one in city.plugins.list().plugins}
    assert city.rules.list().packs
    with pytest.raises(NotFoundError):
        city.start("drainage.nothing")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "FILE_NOT_FOUND"),
        ("name = ", "FILE_WRONG_FORMAT"),
        ("colour = 1", "ARGUMENT_UNKNOWN"),
        ("crs = 4547", "ARGUMENT_INVALID"),
        ('time_zone = "Mars/Olympus"', "ARGUMENT_INVALID"),
        ("holders = [1]", "ARGUMENT_INVALID"),
        ("[networks]\nwater = 3", "ARGUMENT_INVALID"),
        ('[networks]\nwatr = "a.inp"', "ARGUMENT_UNKNOWN"),
        ("[datasets.heating]\nusers = 3", "ARGUMENT_INVALID"),
        ("\0\1\2 = 3", "FILE_BINARY"),
    ],
)
def test_a_wrong_city_file_is_located(tmp_path: Path, text: str | None, code: str) -> None:
    if text is not None:
        (tmp_path / "city.toml").write_text(text)
    with pytest.raises(InputError) as caught:
        citymains.open(tmp_path)
    assert caught.value.code == code
    assert "city.toml" in str(caught.value.issues[0])


def test_every_wrong_setting_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "city.toml").write_text('colour = 1\ncrs = 4547\n[networks]\nwatr = "x"\ngas = 2\n')
    with pytest.raises(InputError) as caught:
        citymains.open(tmp_path)
    assert [one.field for one in caught.value.issues] == ["colour", "crs", "networks.watr", "networks.gas"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_city_file_in_any_encoding_of_an_editor(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "city.toml").write_text('name = "平顶山市"\r\n', encoding=encoding)
    assert citymains.open(tmp_path).name == "平顶山市"


def test_a_city_has_what_one_on_a_server_has(folder: Path) -> None:
    from citymains.wire.client import RemoteCity

    def public(kind: type) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_")} | {"__enter__", "__exit__"}

    assert public(RemoteCity) <= public(citymains.City) | {"name"}
    with citymains.open(folder) as city:
        assert {"water.pressure", "networks.list", "rules.check"} <= {
            one.name for one in city.studies.questions().questions
        }
        network = city.network("drainage")
    assert city.drainage.network(network.id).id == network.id, "a closed city opens again"
