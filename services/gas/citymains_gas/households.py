"""Peak demand of households from a ledger and a table of simultaneity factors (同时工作系数法)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from citymains.errors import InputError
from citymains.intake.pandapipes_model import PipeModel
from citymains.model.table import Table

from citymains_gas.rules.simultaneity import KIND
from citymains_gas.steady import normal_density

if TYPE_CHECKING:
    from citymains.workbench import Workbench


@dataclass(frozen=True)
class HouseholdDemand:
    """A model whose households draw their peak.

    Attributes
    ----------
    model : PipeModel
        Sinks at junctions with households replaced by one each, ``households at <junction>``.
    households : int
    demand_m3_per_h : float
        Their peak together, at standard conditions.
    rule_packs : tuple of str
    """

    model: PipeModel
    households: int
    demand_m3_per_h: float
    rule_packs: tuple[str, ...]


def household_demand(
    workbench: Workbench, model: PipeModel, customers: Table | None, appliances: str, on: date
) -> HouseholdDemand:
    """Draw ``n k(n) q`` at every junction with n households.

    Parameters
    ----------
    workbench : Workbench
    model : PipeModel
    customers : Table
        A ledger of the kind ``customers``; those of the category residential count, on junctions
        or sinks.
    appliances : str
        Name of the set of appliances in the rules of the kind ``gas_simultaneity``.
    on : date
        The day whose rules hold.

    Raises
    ------
    InputError
        No ledger; no rule states factors and flow of the set.
    """
    if customers is None:
        raise InputError(
            "ARGUMENT_INVALID", field="customers", value="-", limit="simultaneity needs a ledger"
        )
    resolved = workbench.rules.resolve(KIND.name, jurisdiction=workbench.jurisdiction, on=on)
    known = sorted({row["appliances"] for row in resolved.value("factors", ())})
    if appliances not in known or resolved.evaluate(appliances=appliances)["flow_m3_per_h"].value is None:
        raise InputError(
            "GAS_SIMULTANEITY_UNKNOWN", field="simultaneity", value=appliances, limit=", ".join(known) or "-"
        )
    of_junction = _households(model, customers)
    demand = {
        name: resolved.evaluate(appliances=appliances, households=count)["demand_m3_per_h"].value
        for name, count in of_junction.items()
    }
    return HouseholdDemand(
        model=_with_sinks(model, demand),
        households=sum(of_junction.values()),
        demand_m3_per_h=float(sum(demand.values())),
        rule_packs=resolved.applied,
    )


def _households(model: PipeModel, customers: Table) -> dict[str, int]:
    """Households by junction."""
    place = {name: name for name in model.ids("junctions")}
    place |= dict(zip(model.ids("sinks"), model.column("sinks", "node").tolist(), strict=True))
    found: dict[str, int] = {}
    rows = zip(
        customers.texts("element"),
        customers.texts("category"),
        customers.array("households").tolist(),
        strict=True,
    )
    for element, category, count in rows:
        junction = place.get(element or "")
        if junction is not None and category == "residential" and count > 0:
            found[junction] = found.get(junction, 0) + int(count)
    return found


def _with_sinks(model: PipeModel, demand_m3_per_h: dict[str, float]) -> PipeModel:
    density = normal_density(model)
    kept = np.array([node not in demand_m3_per_h for node in model.column("sinks", "node")], dtype=np.bool_)
    table: dict[str, list[Any]] = {
        name: [value for value, stays in zip(values, kept.tolist(), strict=True) if stays]
        for name, values in model.tables.get("sinks", {}).items()
    }
    rows: dict[str, list[Any]] = {
        "id": [f"households at {name}" for name in demand_m3_per_h],
        "node": list(demand_m3_per_h),
        "flow_kg_per_s": [value * density / 3600.0 for value in demand_m3_per_h.values()],
        "scaling": [1.0] * len(demand_m3_per_h),
        "in_service": [True] * len(demand_m3_per_h),
    }
    return model.with_table("sinks", {name: table.get(name, []) + values for name, values in rows.items()})
