"""The question ``leakage``, FAVAD, and loggers beside a calculation."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from citymains.errors import InputError
from citymains.intake.source import SourceFile
from citymains.model.finding import Verdict
from citymains_water.favad import Favad

PSI_M = 0.3048 / 0.4333


def inflows(night: float, day: float, days: int = 2) -> pd.DataFrame:
    """One meter every quarter of an hour; low from midnight to six."""
    start = dt.datetime(2026, 5, 1)
    times = [start + dt.timedelta(minutes=15 * at) for at in range(96 * days)]
    return pd.DataFrame(
        {
            "分区": "network",
            "流量计": "M1",
            "时间": [one.isoformat(sep=" ") for one in times],
            "流量": [night if one.hour < 6 else day for one in times],
        }
    )


def test_favad_against_epanets_leakage(water, tmp_path, bundled_folder, run_program):
    """EPANET 2.3.5's own test: pipe 21 of Net1 with 1.0 mm2 per 100 ft growing by 0.1 mm2 per metre of head."""
    text = (bundled_folder / "Net1.inp").read_text().replace("[CURVES]", "[LEAKAGE]\n21 1.0 0.1\n[CURVES]")
    (tmp_path / "leak.inp").write_text(text)
    run_program("epanet_leakage.py", tmp_path / "leak.inp", "21", tmp_path / "out.npz", cwd=tmp_path)
    found = np.load(tmp_path / "out.npz")
    length_ft, ends_m = float(found["length_ft"]), found["pressure_psi"] * PSI_M
    # 100 ft of pipe have the area; half of the pipe leaks at each end.
    per_end = Favad(1.0 * length_ft / 200.0, 0.1 * length_ft / 200.0)
    total_m3_per_h = sum(float(per_end.flow_m3_per_h(one)) for one in ends_m)
    assert total_m3_per_h / 0.22712470704 == pytest.approx(float(found["flow_gpm"]), rel=2e-3)


def test_favad_by_hand():
    hole = Favad(100.0)
    assert hole.flow_m3_per_h(40.0) == pytest.approx(0.6 * 1e-4 * np.sqrt(2 * 9.80665 * 40) * 3600)
    assert hole.flow_m3_per_h([-1.0, 0.0]).tolist() == [0.0, 0.0]
    assert hole.exponent(40.0) == 0.5
    leaks = Favad.from_flow(10.0, 40.0, 1.0)
    assert leaks.flow_m3_per_h(40.0) == pytest.approx(10.0)
    rise = np.log(leaks.flow_m3_per_h(40.4) / leaks.flow_m3_per_h(39.6)) / np.log(40.4 / 39.6)
    assert rise == pytest.approx(leaks.exponent(40.0), rel=1e-3)


def test_night_flow_balance_and_day(water):
    customers = SourceFile("c.csv", b"customer,element,households,demand_m3_per_h\nC1,101,1000,100\n")
    report = water.leakage(
        "Net3", inflows=inflows(50, 150), customers=customers, night_use_l_per_household_h=2.0
    )
    row = report.frame().iloc[0]
    assert row.inflow_m3_per_d == pytest.approx(6 * 50 + 18 * 150)
    assert row.consumption_m3_per_d == 2400
    assert row.balance_m3_per_d == pytest.approx(600)
    assert row.night_flow_m3_per_h == pytest.approx(50)
    assert row.night_use_m3_per_h == pytest.approx(2)
    assert row.night_leakage_m3_per_h == pytest.approx(48)
    assert 15 < row.day_factor_h < 30
    assert row.leakage_m3_per_d == pytest.approx(48 * row.day_factor_h)
    assert row.exponent == pytest.approx(1.0)
    savings = report.table("savings")
    assert (savings.saved_m3_per_d.diff().dropna() > 0).all()
    assert report.table("nodes").leakage_m3_per_d.sum() == pytest.approx(row.leakage_m3_per_d, rel=0.05)


def test_what_flows_out_of_a_zone_is_taken_off(water):
    out = inflows(10, 30).assign(流量计="M2", 方向="流出")
    both = pd.concat([inflows(50, 150).assign(方向="流入"), out])
    report = water.leakage("Net3", inflows=both)
    assert report.frame().inflow_m3_per_d[0] == pytest.approx(6 * 40 + 18 * 120)
    assert "LEAKAGE_NIGHT_USE_UNKNOWN" in {one.code for one in report.findings}


def test_the_loss_rate_of_cjj_92(water):
    report = water.leakage("Net1", supplied_m3=1000.0, registered_m3=890.0)
    assert report.gross_rate_percent == report.loss_rate_percent == pytest.approx(11.0)
    rates = report.table("rates").set_index("item")
    assert rates.met["grade_1"] == "no"
    assert rates.met["grade_2"] == "yes"
    assert "CJJ 92" in rates.basis["grade_1"]
    corrected = water.leakage(
        "Net1", supplied_m3=1000.0, registered_m3=890.0, corrected=True, frost_depth_m=1.5
    )
    assert corrected.verdict is Verdict.SUSPECT
    assert corrected.loss_rate_percent != corrected.gross_rate_percent
    assert not corrected.table("rates").set_index("item").verified["R4"]


def test_bad_input_is_located(water):
    with pytest.raises(InputError, match="registered_m3"):
        water.leakage("Net1", supplied_m3=1.0)
    bad = SourceFile("f.csv", b"zone,meter,time,flow_m3_per_h\nA,M,yesterday,5\nA,M,2026-05-01 00:00,x\n")
    with pytest.raises(InputError) as caught:
        water.leakage("Net1", inflows=bad)
    assert caught.value.issues[0].line in (2, 3)


class TestLoggers:
    @staticmethod
    def readings(report, nodes, offset=0.0, unit="m"):
        factor = {"m": 1.0, "MPa": 1 / 101.9716}[unit]
        frame = report.frame()
        rows = frame[frame.node.isin(nodes)]
        return pd.DataFrame(
            {
                "sensor": "S" + rows.node,
                "element": rows.node,
                "time_s": rows.time_s,
                "value": (rows.pressure_m + offset) * factor,
                "unit": unit,
            }
        )

    def test_statistics_by_hand(self, water):
        run = water.pressure("Net3", hours=24)
        measured = pd.concat(
            [self.readings(run, ["141"], offset=2.0, unit="MPa"), self.readings(run, ["119"])]
        )
        report = water.pressure("Net3", hours=24, measurements=measured)
        sensors = report.table("sensors").set_index("sensor")
        assert list(sensors.index) == ["S141", "S119"]
        assert sensors.bias["S141"] == pytest.approx(-2.0, abs=1e-6)
        assert sensors.rmse["S141"] == pytest.approx(2.0, abs=1e-6)
        assert sensors.rmse["S119"] == pytest.approx(0.0, abs=1e-6)
        assert sensors.correlation["S141"] == pytest.approx(1.0)
        assert report.rmse_m == pytest.approx(np.sqrt(2.0), abs=1e-6)
        assert report.bias_m == pytest.approx(-1.0, abs=1e-6)
        assert len(report.table("readings")) == 50

    def test_civil_times_flows_and_what_lies_outside(self, water):
        csv = (
            "测点,节点,类型,时间,读数,单位\n"
            "F1,10,流量,2026-05-01 03:00,100,L/s\nF1,10,流量,2026-05-02 03:00,100,L/s\n"
        )
        report = water.pressure("Net3", hours=6, measurements=SourceFile("读数.csv", csv.encode("gbk")))
        row = report.table("sensors").iloc[0]
        assert (row.unit, row["count"], row.measured_mean) == ("m3/h", 1, 360.0)
        assert "READINGS_NOT_COMPARED" in {one.code for one in report.findings}

    def test_every_bad_row_is_named(self, water):
        csv = b"sensor,element,quantity,unit,time_s,value\nA,nowhere,pressure,m,0,1\nB,10,pressure,L/s,0,1\nC,10,pressure,m,,1\n"
        with pytest.raises(InputError) as caught:
            water.pressure("Net3", measurements=SourceFile("r.csv", csv))
        assert [(one.line, one.field) for one in caught.value.issues] == [
            (2, "element"),
            (3, "unit"),
            (4, "time"),
        ]


def test_limits_by_floors_zone_and_hour(water):
    places = SourceFile("places.csv", "节点,分区,楼层\n141,东区,9\n119,西区,2\n".encode("utf-8-sig"))
    report = water.pressure("Net3", hours=24, places=places)
    service = report.table("service").set_index("node")
    assert service.owed_pressure_m["141"] == 12 + 4 * 7
    assert service.owed_pressure_m["119"] == 14
    assert service.owed_pressure_m["15"] == 14
    zones = report.table("zones").set_index("zone")
    assert zones.node_count["东区"] == 1
    hours = report.table("hours")
    assert len(hours) == 25
    wanted = len(service)
    np.testing.assert_allclose(hours.pass_rate_percent, 100 * (1 - hours.below_count / wanted))
    unknown = SourceFile("places.csv", b"node,zone\nnowhere,A\n")
    with pytest.raises(InputError, match="LEDGER_REFERENCE"):
        water.pressure("Net3", places=unknown)
