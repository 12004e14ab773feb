"""Single losses of heating networks: topology agrees with the engine, loops need it, customers decide the ranking."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from citymains.demo.heating import heating_json
from citymains.demo.streets import Town
from citymains.errors import InputError
from citymains.intake.source import SourceFile
from citymains.isolation.answer import valve_layer
from citymains.model.network import Network
from citymains.model.scenario import Scenario
from citymains_heating.criticality import CriticalityRequest, _Engine
from citymains_heating.losses import KINDS, Losses
from citymains_heating.supply import ENGINE, FrictionModel, pipe_model
from citymains_heating.utility import Heating

Build = Callable[..., SourceFile]


def ring(estate: dict[str, Any]) -> dict[str, Any]:
    """The estate with a third consumer, its mains closed to a ring."""
    tables = deepcopy(estate)
    template = tables["pipes"][0]
    for side in ("供", "回"):
        tables["junctions"].append({"id": f"三号{side}", "x": 1, "y": 3, "nominal_pressure_kpa": 500.0})
    for start, end in (
        ("一号供", "三号供"),
        ("三号供", "二号供"),
        ("三号回", "一号回"),
        ("二号回", "三号回"),
    ):
        tables["pipes"].append({**template, "id": f"{start}-{end}", "from_node": start, "to_node": end})
    tables["consumers"].append(
        {**tables["consumers"][0], "id": "三号站", "from_node": "三号供", "to_node": "三号回"}
    )
    return tables


def losses_of(face: Heating, network: Network, kinds: tuple[str, ...]) -> list[Any]:
    shape = face.heat_layout(network)
    layer, _ = valve_layer(shape.layout, None)
    losses = Losses(shape, layer)
    assert (losses.out.cuts.segments.of_link == losses.back.cuts.segments.of_link).all()
    return losses.of(kinds)


def agree(face: Heating, network: Network, losses: list[Any]) -> int:
    """Number of losses topology answers, each as the engine does."""
    model = pipe_model(face, network)
    request = CriticalityRequest(
        kinds=(),
        scenario=Scenario(),
        valves=None,
        customers=None,
        rank_by="customers",
        minimum_differential_pressure_kpa=None,
        friction_model=FrictionModel.COLEBROOK,
    )
    compared = 0
    with face.workbench.engines.session(ENGINE, model.engine_model()) as session:
        engine = _Engine(session, model, request)
        for loss in losses:
            if loss.lost is None:
                continue
            result = engine(loss.edits)
            assert result.converged, loss.element
            required, delivered = result.required_kw, result.delivered_kw
            short = np.flatnonzero((required > 0.0) & (delivered < 0.99 * required))
            assert set(short.tolist()) == {row for row in loss.lost.tolist() if required[row] > 0.0}, (
                loss.element
            )
            compared += 1
    return compared


def test_topology_answers_as_the_engine_does(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    for tables in (estate, ring(estate)):
        network = heating.load(build(tables))
        losses = losses_of(heating, network, ("pipe", "segment", "valve", "plant"))
        assert agree(heating, network, losses) >= 3


def test_the_town_s_losses(heating: Heating) -> None:
    network = heating.load(SourceFile("town.json", heating_json(Town(1)).encode()))
    losses = losses_of(heating, network, ("pipe", "segment", "valve"))
    assert sum(loss.lost is not None for loss in losses) > 0.9 * len(losses)
    assert agree(heating, network, losses[::7]) > 25


def test_a_ring_needs_the_engine(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    report = heating.criticality(build(ring(estate)), kinds=["pipe"]).result()
    frame = report.frame().set_index("element")
    assert frame.loc["热源供-一号供", ["by", "places", "cut_off"]].tolist() == ["topology", 3, 3]
    rest = frame.drop(index="热源供-一号供")
    assert set(rest["by"]) == {"pandapipes"}
    assert (rest["cut_off"] == 0).all()
    assert rest["lowest_consumer"].isin(["一号站", "二号站", "三号站"]).all()
    assert frame.loc["热源供-一号供", "unserved_kwh"] == pytest.approx(120.0)
    assert frame.loc["热源供-一号供", "pipes"] == "热源供-一号供, 一号回-热源回"
    assert len(frame) == 4  # a pair is one loss


def test_a_node_within_a_ring_is_no_matter_of_topology(
    heating: Heating, build: Build, estate: dict[str, Any]
) -> None:
    """Valves at both ends of the ring's far node: shut, it cuts off one consumer, and the ring for the others."""
    network = heating.load(build(ring(estate)))
    for loss in losses_of(heating, network, ("valve",)):
        if "二号供" in loss.element.partition("@")[2]:
            assert loss.lost is None


def test_every_kind_and_the_customers_behind_it(
    heating: Heating, build: Build, estate: dict[str, Any], tmp_path: Any
) -> None:
    tables = ring(estate)
    tables["plants"].append({**tables["plants"][0], "id": "二厂", "from_node": "三号回", "to_node": "三号供"})
    ledger = tmp_path / "用户.csv"
    ledger.write_text(
        "用户编号,接入节点,户数,重点用户\nA,一号站,40,否\nB,二号站,60,是\nC,三号供,10,否\n",
        encoding="gb18030",
    )
    report = heating.criticality(
        build(tables), kinds=list(KINDS[:4]), customers=ledger, rank_by="critical"
    ).result()
    frame = report.frame()
    assert set(frame["kind"]) == {"pipe", "segment", "valve", "plant"}
    assert report.customer_count == 3
    assert report.failed_count == 0
    plants = frame[frame["kind"] == "plant"]
    assert set(plants["by"]) == {"pandapipes"}
    assert (frame["critical_customers"].diff().dropna() <= 0).all()
    assert frame["rank"].is_monotonic_increasing
    worst = frame.iloc[0]
    assert (worst["customers"], worst["households"], worst["critical_customers"]) >= (1, 60, 1)


def test_what_cannot_be_asked(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    for arguments, field in (({"kinds": ["roof"]}, "kinds"), ({"rank_by": "length"}, "rank_by")):
        with pytest.raises(InputError) as caught:
            heating.criticality(build(estate), **arguments).result()
        assert caught.value.issues[0].field == field
