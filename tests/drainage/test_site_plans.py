"""Site plans: the worst storm survived is found by runs, pages stand alone, bad input is located."""

from __future__ import annotations

import re

import openpyxl
import pytest
from citymains.errors import InputError
from citymains.intake.source import SourceFile
from citymains_drainage.stations.model import Underpass

FORMULA = "i=10.9(1+0.85lgP)/(t+12)^0.77"
UNDERPASSES = "名称,水位节点,预警水深,封闭水深,泵站,联系人,职责\n铁路桥,铁路桥下穿,0.05,0.25,下穿泵站,张工 13800000000,<封闭> & 疏导\n"


@pytest.fixture(scope="module")
def plans(drainage):
    ledger = SourceFile("u.csv", UNDERPASSES.encode())
    return drainage.site_plans(
        "district", formula=FORMULA, return_periods_a=[5, 1, 2, 3, 2], underpasses=ledger
    ).result()


def test_every_underpass_and_station_has_a_row(plans):
    sites = plans.frame().set_index("site")
    assert sites.kind.to_dict() == {
        "铁路桥": "underpass",
        "河东泵站前池": "station",
        "下穿泵站前池": "station",
        "城南污水泵站前池": "station",
    }
    assert sites.duty.to_dict()["下穿泵站前池"] == "underpass"
    assert sites.duty.to_dict()["城南污水泵站前池"] == "sewage"
    assert (sites.loc["铁路桥", "contact"], sites.loc["铁路桥", "source"]) == ("张工 13800000000", "ledger")
    assert plans.run_count == 4


def test_the_worst_storm_survived_is_that_of_the_runs(drainage, plans):
    runs = plans.table("runs")
    for _, site in plans.frame().iterrows():
        own = runs[runs.site == site.site].sort_values("return_period_a")
        failed = own[~own.survived]
        first = failed.return_period_a.min() if len(failed) else float("inf")
        below = own[own.return_period_a < first]
        assert site.survived_a == (
            below.return_period_a.max() if len(below) else pytest.approx(float("nan"), nan_ok=True)
        )
        assert site.failed_a == pytest.approx(first if len(failed) else float("nan"), nan_ok=True)
    # Each run is the simulation of its storm.
    storm = drainage.storm(FORMULA, return_period_a=3)
    alone = drainage.simulate("district", storm=storm)
    row = runs[(runs.site == "铁路桥") & (runs.return_period_a == 3)].iloc[0]
    assert row.max_depth_m == alone.underpass_depth_m
    assert row.rain_mm == storm.depth_mm
    assert bool(row.survived) == (row.max_depth_m < 0.25)


def test_a_lost_pump_is_planned_for(drainage, plans):
    from citymains.model.scenario import Scenario

    fewer = drainage.site_plans(
        "district", formula=FORMULA, return_periods_a=[1, 2], scenario=Scenario.lose(pumps=["下穿1号泵"])
    ).result()
    before = plans.table("runs").query("site == '下穿泵站前池' and return_period_a == 1").max_depth_m.iloc[0]
    after = fewer.table("runs").query("site == '下穿泵站前池' and return_period_a == 1").max_depth_m.iloc[0]
    assert after > before


def test_steps_rise_and_rules_name_their_articles(plans):
    steps = plans.table("steps")
    own = steps[steps.site == "河东泵站前池"].depth_m.dropna().tolist()
    assert own == sorted(own)
    assert len(own) == 1 + 4 + 1
    rules = plans.table("rules")
    sump = rules[(rules.rule == "sump_s") & (rules.site == "下穿泵站前池")].iloc[0]
    assert (sump.value, sump.met) == (60.0, "yes")
    assert "6.3.1" in sump.article


def test_the_sump_is_its_volume_over_the_largest_pump(plans):
    # 河东: 300 m2 between 1.0 and 4.6 m, pumps of 0.95 m3/s at no head.
    sites = plans.frame().set_index("site")
    assert sites.loc["河东泵站前池", "sump_s"] == pytest.approx(300 * (4.6 - 1.0) / 0.95, rel=1e-6)
    assert sites.loc["河东泵站前池", "capacity_m3_per_h"] == pytest.approx(4 * 0.95 * 3600, rel=1e-6)


def test_pages_stand_alone_and_say_what_the_tables_say(plans, tmp_path):
    text = plans.save_pages(tmp_path / "plans.html").read_text(encoding="utf-8")
    assert text.count('<section class="site-plan">') == 4
    assert not re.search(r"https?://|<script|src=|href=", text)
    assert "&lt;封闭&gt; &amp; 疏导" in text
    assert "张工 13800000000" in text
    assert "GB 50014-2021" in text
    survived = plans.frame().set_index("site").loc["铁路桥", "survived_a"]
    assert f"P = {survived:g} a, 2 h" in text


def test_the_report_and_the_workbook_have_them_too(plans, tmp_path):
    from citymains.report.html import write_html

    text = write_html(plans, tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.count('<section class="site-plan">') == 4
    plans.to_excel(tmp_path / "plans.xlsx")
    book = openpyxl.load_workbook(tmp_path / "plans.xlsx", read_only=True)
    assert len(book.sheetnames) >= 6


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"return_periods_a": [0.0]}, "ARGUMENT_INVALID"),
        ({"return_periods_a": [float(one) for one in range(1, 60)]}, "ARGUMENT_INVALID"),
        ({"formula": ""}, "STORM_FORMULA_MISSING"),
    ],
)
def test_what_cannot_be_planned_is_refused(drainage, more, code):
    with pytest.raises(InputError) as caught:
        drainage.site_plans("district", **{"formula": FORMULA, "return_periods_a": [1.0], **more}).result()
    assert caught.value.code == code


def test_a_model_without_sites_is_refused(drainage, small, source):
    text = small.replace("P1 W1 J3 LIFT OFF 1.0 0.4\n", "").replace("[PUMPS]\n\n", "")
    text = text.replace("C3 J3 O1 20", "C3 J3 O1 20 0.013 0 0 0 0\nC4 W1 J3 20").replace(
        "C3 CIRCULAR 0.8 0 0 0 1", "C3 CIRCULAR 0.8 0 0 0 1\nC4 CIRCULAR 0.8 0 0 0 1"
    )
    with pytest.raises(InputError) as caught:
        drainage.site_plans(drainage.load(source(text)), formula=FORMULA).result()
    assert caught.value.code == "SITE_PLANS_NO_SITE"


def test_external_files_in_a_model_are_refused_before_anything_is_planned(drainage, small, source):
    text = small.replace(
        "G1 INTENSITY 0:10 1.0 TIMESERIES RAIN", 'G1 INTENSITY 0:10 1.0 FILE "/etc/rain.dat" ST1 MM'
    )
    with pytest.raises(InputError) as caught:
        drainage.site_plans(source(text), formula=FORMULA).result()
    assert caught.value.issues[0].section == "RAINGAGES"


def test_the_default_depths_of_an_underpass_are_told_as_assumed(drainage):
    report = drainage.site_plans("district", formula=FORMULA, return_periods_a=[1]).result()
    row = report.frame().set_index("site").loc["铁路桥下穿"]
    assert (row.red_m, row.source) == (Underpass(name="", node="").red_m, "assumed")
