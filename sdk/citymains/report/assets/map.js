"use strict";
// Draws the scenes of the page. Everything comes from the JSON block; nothing is ever fetched.
(function () {
  // Okabe-Ito's vermilion to blue, darkened at both ends: told apart with every common colour blindness.
  const SCALE = ["#9b1c1c", "#d55e00", "#e8a33d", "#8fc1d9", "#3f8fc4", "#0b4f8a"];
  // Worse, the same, better.
  const CHANGE = ["#9b1c1c", "#d55e00", "#ecc9a4", "#d3d8dc", "#a9cfe3", "#3f8fc4", "#0b4f8a"];
  const MISSING = "#7b8794";
  const SYMBOLS = ["rect", "triangle", "diamond", "pin", "roundRect", "arrow"];
  const MARKS = { NOTE: "#d55e00", SUSPECT: "#b86e00", REJECTED: "#9b1c1c" };
  const FONT = '"Microsoft YaHei","PingFang SC","Noto Sans CJK SC","WenQuanYi Micro Hei",sans-serif';

  const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }[c]));
  const number = (value) => (value === null || value === undefined ? "—" : typeof value === "number" ? Number(value.toPrecision(5)).toString() : String(value));

  function clock(seconds) {
    const all = Math.round(seconds), pad = (n) => String(n).padStart(2, "0");
    return pad(Math.floor(all / 3600)) + ":" + pad(Math.floor(all / 60) % 60) + (all % 60 ? ":" + pad(all % 60) : "");
  }

  function bounds(scene) {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    const take = (xy) => { for (let i = 0; i + 1 < xy.length; i += 2) {
      box[0] = Math.min(box[0], xy[i]); box[2] = Math.max(box[2], xy[i]);
      box[1] = Math.min(box[1], xy[i + 1]); box[3] = Math.max(box[3], xy[i + 1]); } };
    scene.layers.forEach((layer) => layer.xy.forEach(take));
    scene.base.forEach((link) => take(link.xy));
    scene.symbols.forEach((group) => group.points.forEach((p) => take([p[0], p[1]])));
    return Number.isFinite(box[0]) ? box : [0, 0, 1, 1];
  }

  // One unit is as long upwards as sideways (a degree of longitude is shorter by the cosine of the latitude).
  function window_(scene, box, width, height) {
    const stretch = scene.geographic ? Math.cos(((box[1] + box[3]) / 2) * Math.PI / 180) : 1;
    const across = Math.max((box[2] - box[0]) * stretch, 1e-9), up = Math.max(box[3] - box[1], 1e-9);
    const unit = Math.max(across / width, up / height, 1e-12) * 1.08;
    const cx = (box[0] + box[2]) / 2, cy = (box[1] + box[3]) / 2;
    return { x: [cx - unit * width / 2 / stretch, cx + unit * width / 2 / stretch], y: [cy - unit * height / 2, cy + unit * height / 2] };
  }

  const pairs = (xy) => { const out = []; for (let i = 0; i + 1 < xy.length; i += 2) out.push([xy[i], xy[i + 1]]); return out; };

  function tip(layer, i) {
    const rows = layer.columns.map((c) => {
      const value = c.values[i];
      const shown = c.name === "time_s" && value !== null ? clock(value) : number(value);
      return "<tr><td style='color:#5c6b7a;padding-right:12px'>" + escape(c.zh) + "</td><td style='text-align:right'><b>" + escape(shown) +
        "</b> " + (c.name === "time_s" ? "" : escape(c.unit)) + "</td></tr>";
    });
    return "<b>" + escape(layer.zh) + " " + escape(layer.ids[i]) + "</b><table style='font-size:12px;border-spacing:0'>" + rows.join("") + "</table>";
  }

  const title = (layer) => layer.zh + " " + layer.value.zh;

  function layerSeries(layer, count) {
    const lines = [], points = [], bare = [], barePoints = [];
    layer.ids.forEach((id, i) => {
      const value = layer.values[i], xy = layer.xy[i];
      if (layer.links && xy.length > 2) {
        const mm = layer.width[i], width = (mm ? Math.min(6, 1.6 + mm / 160) : 2.2) * (count > 1200 ? 0.6 : 1);
        (value === null ? bare : lines).push({ coords: pairs(xy), value: value, i: i, lineStyle: { width: width, opacity: 1 } });
      } else (value === null ? barePoints : points).push({ value: [xy[0], xy[1], value], i: i });
    });
    const size = count > 1200 ? 4.5 : count > 400 ? 7 : 10;
    const label = title(layer), base = { tooltip: { formatter: (p) => tip(layer, p.data.i) } };
    const line = { type: "lines", coordinateSystem: "cartesian2d", polyline: true, z: 2, lineStyle: { opacity: 1 }, emphasis: { lineStyle: { width: 6 } }, ...base };
    const point = { type: "scatter", symbolSize: size, z: 4, itemStyle: { borderColor: "#33414e", borderWidth: size > 5 ? 0.7 : 0 }, ...base };
    const hollow = { color: "#fff", borderColor: MISSING, borderWidth: 1.6 };
    return [
      { ...line, name: label, data: lines, coloured: 0 },
      { ...point, name: label, data: points, coloured: 2 },
      { ...line, name: label, data: bare, lineStyle: { color: MISSING, type: "dotted" } },
      { ...point, name: label, data: barePoints, itemStyle: hollow },
    ].filter((series) => series.data.length);
  }

  function contextSeries(scene) {
    const grey = {
      type: "lines", coordinateSystem: "cartesian2d", polyline: true, z: 1, name: "管网 Network",
      lineStyle: { color: "#aab4bd", width: 1.6, opacity: 1 },
      data: scene.base.map((link) => ({ coords: pairs(link.xy), id: link.id })), tooltip: { formatter: (p) => escape(p.data.id) },
    };
    const groups = scene.symbols.map((group, i) => ({
      type: "scatter", name: group.zh + " " + group.en, z: 6, symbol: SYMBOLS[i % SYMBOLS.length],
      symbolSize: group.points.length > 200 ? 7 : 13,
      itemStyle: { color: "#12324d", borderColor: "#fff", borderWidth: 1.2 },
      data: group.points.map((p) => ({ value: [p[0], p[1]], id: p[2] })),
      tooltip: { formatter: (p) => "<b>" + escape(group.zh) + " " + escape(p.data.id) + "</b>" },
    }));
    const marks = {
      type: "scatter", name: "有结论的元件 Findings", z: 5, symbol: "circle", symbolSize: scene.marks.length > 300 ? 10 : 17,
      itemStyle: { color: "rgba(0,0,0,0)", borderWidth: 2, borderColor: MARKS.NOTE },
      data: scene.marks.map((m) => ({ value: m.xy, mark: m, itemStyle: { borderColor: MARKS[m.severity] || MARKS.NOTE } })),
      tooltip: { formatter: (p) => "<b>" + escape(p.data.mark.id) + "</b><br>" + p.data.mark.zh.concat(p.data.mark.en).slice(0, 8).map(escape).join("<br>") },
    };
    return [grey, ...groups, marks].filter((series) => series.data.length);
  }

  // The handles show the ends of the scale; what lies beyond them keeps the end's colour.
  // A layer of links may have points too (an isolated node): ECharts looks for their value in another dimension.
  function visualMaps(owner, slot, count) {
    const main = owner.layer.links && owner.indices[0].length ? 0 : 2;
    return [0, 2].filter((dimension) => owner.indices[dimension].length).map((dimension) =>
      visualMap(owner.layer, owner.indices[dimension], dimension, dimension === main ? slot : -1, count));
  }

  function visualMap(layer, indices, dimension, slot, count) {
    const [low, high] = layer.range, step = Math.min(236, 560 / Math.max(count, 1));
    const scale = layer.centred ? CHANGE : SCALE, colours = layer.worst === "min" ? scale : scale.slice().reverse();
    const name = layer.zh + " " + layer.value.zh + (layer.value.unit ? "\n" + layer.value.unit : "");
    const place = { show: slot >= 0, seriesIndex: indices, dimension: dimension, right: 14, top: 16 + Math.max(slot, 0) * step,
      textStyle: { fontFamily: FONT, fontSize: 12, color: "#1c2733" }, outOfRange: { color: "#d5dbe0" } };
    if (layer.labels.length) {
      const codes = layer.labels.map((one) => one.value).sort((a, b) => a - b);
      const colour = (code) => colours[Math.round(codes.indexOf(code) * (colours.length - 1) / Math.max(codes.length - 1, 1))];
      return { ...place, type: "piecewise", pieces: layer.labels.map((one) => ({ value: one.value, label: one.text, color: colour(one.value) })) };
    }
    return {
      ...place, type: "continuous", min: low, max: high, calculable: true, itemHeight: step - 100, itemWidth: 14,
      precision: Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(high - low)))), inRange: { color: colours }, text: [name, ""],
    };
  }

  function scaleBar(chart, host, scene) {
    const bar = host.querySelector(".scale");
    if (scene.schematic || scene.geographic) { bar.style.display = "none"; return; }
    const a = chart.convertFromPixel({ gridIndex: 0 }, [20, 100]), b = chart.convertFromPixel({ gridIndex: 0 }, [140, 100]);
    if (!a || !b) return;
    const metres = Math.abs(b[0] - a[0]), step = Math.pow(10, Math.floor(Math.log10(metres)));
    const round = [5, 2, 1].map((k) => k * step).find((m) => m <= metres) || step;
    bar.style.width = (120 * round / metres) + "px";
    bar.firstChild.textContent = !scene.metric ? round + " 坐标单位 units" : round >= 1000 ? round / 1000 + " km" : round + " m";
  }

  // A box per layer and kind of equipment; legends of hidden layers give their place to the others.
  function controls(chart, host, names, hidden, legends, home) {
    const bar = host.querySelector(".bar");
    const refresh = () => chart.setOption({ visualMap: legends(hidden) }, { replaceMerge: ["visualMap"] });
    names.forEach((name) => {
      const label = document.createElement("label"), box = document.createElement("input");
      box.type = "checkbox"; box.checked = !hidden.has(name);
      box.addEventListener("change", () => {
        if (box.checked) hidden.delete(name); else hidden.add(name);
        chart.dispatchAction({ type: box.checked ? "legendSelect" : "legendUnSelect", name: name });
        refresh();
      });
      label.append(box, name); bar.append(label);
    });
    const button = document.createElement("button");
    button.textContent = "全图 Fit"; button.addEventListener("click", home); bar.append(button);
  }

  function draw(host, scene) {
    const canvas = host.querySelector(".canvas"), box = bounds(scene);
    const chart = echarts.init(canvas, null, { renderer: "canvas" });
    const series = [], owners = [], hidden = new Set();
    // Lines first: points and symbols lie on top of them.
    scene.layers.slice().sort((a, b) => Number(b.links) - Number(a.links)).forEach((layer) => {
      const owner = { layer: layer, name: title(layer), indices: { 0: [], 2: [] } };
      layerSeries(layer, layer.ids.length).forEach((one) => {
        if (one.coloured !== undefined) owner.indices[one.coloured].push(series.length);
        delete one.coloured; series.push(one);
      });
      if (!layer.shown) hidden.add(owner.name);
      if (owner.indices[0].length || owner.indices[2].length) owners.push(owner);
    });
    series.push(...contextSeries(scene));
    const legends = (off) => { let slot = 0; const on = owners.filter((one) => !off.has(one.name)).length;
      return owners.flatMap((one) => visualMaps(one, off.has(one.name) ? -1 : slot++, on)); };
    const names = [...new Set(series.map((one) => one.name))], right = owners.length ? 150 : 16;
    const grid = { left: 16, right: right, top: 16, bottom: 16 };
    const axes = () => window_(scene, box, Math.max(canvas.clientWidth - grid.left - right, 50), Math.max(canvas.clientHeight - 32, 50));
    const axis = (ends) => ({ type: "value", show: false, min: ends[0], max: ends[1], scale: true });
    const first = axes(), selected = {};
    names.forEach((name) => { selected[name] = !hidden.has(name); });
    chart.setOption({
      animation: false, textStyle: { fontFamily: FONT }, grid: grid, legend: { show: false, data: names, selected: selected },
      tooltip: { trigger: "item", confine: true, borderColor: "#dfe5ea", textStyle: { fontFamily: FONT, fontSize: 12, color: "#1c2733" } },
      xAxis: axis(first.x), yAxis: axis(first.y), visualMap: legends(hidden), series: series,
      dataZoom: ["xAxisIndex", "yAxisIndex"].map((key) => ({ type: "inside", [key]: 0, filterMode: "none", zoomLock: false, minSpan: 0.2 })),
    });
    const home = () => { const now = axes();
      chart.setOption({ xAxis: axis(now.x), yAxis: axis(now.y) });
      [0, 1].forEach((i) => chart.dispatchAction({ type: "dataZoom", dataZoomIndex: i, start: 0, end: 100 })); };
    controls(chart, host, names, hidden, legends, home);
    chart.on("dataZoom", () => scaleBar(chart, host, scene));
    window.addEventListener("resize", () => { chart.resize(); home(); scaleBar(chart, host, scene); });
    scaleBar(chart, host, scene);
    return chart;
  }

  const scenes = JSON.parse(document.getElementById("scenes").textContent);
  window.citymainsCharts = Array.from(document.querySelectorAll(".map[data-scene]"), (host) => draw(host, scenes[Number(host.dataset.scene)]));
})();
