"""The report in a real browser: it draws, raises nothing and asks nobody."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from citymains.report.html import _hash_source, write_html

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

# Runs before and after the page's own script, and leaves what it saw in the document.
_WATCH = """window.seen={errors:[],refused:[]};
addEventListener("error",(e)=>seen.errors.push(String(e.message)));
addEventListener("securitypolicyviolation",(e)=>seen.refused.push(e.blockedURI));"""
_TELL = """addEventListener("load",()=>setTimeout(()=>{
  seen.fetched=performance.getEntriesByType("resource").map((r)=>r.name);
  // A chart keeps hovered things on a canvas of their own, empty at first.
  seen.colours=Array.from(document.querySelectorAll(".map .canvas"),(m)=>Math.max(...Array.from(m.querySelectorAll("canvas"),count)));
  function count(c){const d=c.getContext("2d").getImageData(0,0,c.width,c.height).data,found=new Set();
    for(let i=0;i<d.length;i+=4)if(d[i+3])found.add((d[i]<<16)|(d[i+1]<<8)|d[i+2]);return found.size;}
  seen.charts=citymainsCharts.length;
  seen.scales=citymainsCharts.map((c)=>c.getOption().visualMap.map((v)=>[v.type,v.dimension,v.seriesIndex.length]));
  const pre=document.createElement("pre");pre.id="seen";pre.textContent=JSON.stringify(seen);document.body.append(pre);},300));"""


def open_in_browser(page: Path) -> dict:
    """What the page did: errors, refused and made requests, colours on each canvas."""
    text = page.read_text(encoding="utf-8")
    watched = page.with_name("watched.html")
    # Only scripts whose hashes the page names may run: ours have to be named too.
    text = text.replace("script-src ", f"script-src {_hash_source(_WATCH)} {_hash_source(_TELL)} ", 1)
    policy_end = text.index('">', text.index("Content-Security-Policy")) + 2
    text = f"{text[:policy_end]}<script>{_WATCH}</script>{text[policy_end:]}"
    body, end, rest = text.rpartition("</body>")
    watched.write_text(f"{body}<script>{_TELL}</script>{end}{rest}", encoding="utf-8")
    command = [
        str(CHROMIUM),
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        f"--user-data-dir={page.parent / 'profile'}",
        "--window-size=1300,900",
        "--virtual-time-budget=10000",
        "--dump-dom",
        watched.as_uri(),
    ]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = re.search(r'<pre id="seen">(.*?)</pre>', shown, re.S)
    assert found, "the page's script did not run to its end"
    return json.loads(found.group(1))


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: chromium)")
def test_the_report_draws_without_errors_and_without_requests(tmp_path, network, report):
    seen = open_in_browser(write_html([report, network], tmp_path / "r.html", networks=[network]))
    assert seen["errors"] == []
    assert seen["fetched"] == []
    assert seen["refused"] == []
    assert seen["charts"] == 2
    assert min(seen["colours"]) > 20


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: chromium)")
def test_the_watch_sees_a_request(tmp_path, network, report):
    page = write_html(report, tmp_path / "r.html", networks=[network])
    page.write_text(
        page.read_text(encoding="utf-8").replace(
            "<main>", '<main><img src="https://example.invalid/x.png">', 1
        ),
        encoding="utf-8",
    )
    assert open_in_browser(page)["refused"] != []


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: chromium)")
def test_a_script_that_is_not_ours_does_not_run(tmp_path, network, report):
    page = write_html(report, tmp_path / "r.html", networks=[network])
    text = page.read_text(encoding="utf-8").replace(
        "<main>", "<main><script>window.seen.errors.push('ran')</script>", 1
    )
    page.write_text(text, encoding="utf-8")
    seen = open_in_browser(page)
    assert seen["errors"] == []
    assert seen["refused"] == ["inline"]
    assert seen["charts"] == 1


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: chromium)")
def test_points_and_lines_of_one_layer_are_coloured_alike(tmp_path, network):
    from tests.report.test_map import outage

    seen = open_in_browser(write_html(outage(network), tmp_path / "r.html", networks=[network]))
    assert seen["errors"] == []
    # ECharts takes the value of a line from its first dimension, that of a point from its third.
    assert seen["scales"] == [[["piecewise", 0, 1], ["piecewise", 2, 1]]]
