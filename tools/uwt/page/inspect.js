"use strict";
// Draws the page from the JSON in #data (schema uwt.inspect/1). Text from the file
// only ever goes in through textContent and setAttribute.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  const byId = id => document.getElementById(id);

  // --- words and numbers -------------------------------------------------
  const count = n => n.toLocaleString("en-US");
  const fixed = (x, digits) => x.toFixed(digits);
  // A number and its unit stay in one line.
  const percent = (x, digits = 1) => fixed(100 * x, digits) + "\u00a0%";
  const signed = x => (x >= 0 ? "+" : "") + percent(x, 2);
  function bytes(n) {
    const units = ["B", "kB", "MB", "GB", "TB"];
    let unit = 0;
    while (n >= 999.5 && unit < units.length - 1) { n /= 1000; ++unit; }
    return (unit ? fixed(n, n < 9.995 ? 2 : n < 99.95 ? 1 : 0) : n) + "\u00a0" + units[unit];
  }
  const shapeText = t => t.shape.length ? t.shape.join(" × ") : "scalar";
  const formatText = t => t.same_as ? "= " + t.same_as :
    t.difference ? (t.format ? "difference, " + t.format : "= base model") : t.format || "not compressed";
  const change = (before, after) => before === after || !before ? "of the same size" :
    `${percent(Math.abs(after / before - 1))} ${after < before ? "smaller" : "larger"}`;
  const isCounted = t => t.joint_entropy !== undefined;

  // --- elements ------------------------------------------------------------
  function element(name, attributes = {}, ...children) {
    const isSvg = ["svg", "rect", "line", "circle", "path", "text", "title", "g", "defs", "pattern"].includes(name);
    const node = isSvg ? document.createElementNS(SVG, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }
  function chart(width, height, label) {
    return element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, class: "chart" });
  }
  const titled = (node, text) => { node.append(element("title", {}, text)); return node; };

  /// Draws `draw(width)` into `place`, and again whenever there is another width for it: text in
  /// charts keeps its size.
  function drawToFit(place, draw) {
    let drawn = 0;
    const fit = () => {
      const width = Math.max(280, Math.floor(place.clientWidth) || 1120);
      if (width === drawn) return;
      drawn = width;
      place.replaceChildren(...draw(width));
    };
    fit();
    new ResizeObserver(fit).observe(place);
    return () => { drawn = 0; fit(); };
  }

  /// What all names begin with, up to and with a dot.
  function commonPrefix(names) {
    if (names.length < 2) return "";
    let same = names[0];
    for (const name of names) while (!name.startsWith(same)) same = same.slice(0, -1);
    return same.slice(0, same.lastIndexOf(".") + 1);
  }

  /// About `wanted` round values that cover [low, high].
  function ticks(low, high, wanted) {
    const raw = (high - low) / wanted || 1, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= raw);
    const list = [];
    for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-9; v += step) list.push(+v.toFixed(10));
    return list;
  }

  // --- head -----------------------------------------------------------------
  /// The first sentence: what is saved, or what could be.
  function resultText(packed, size, original) {
    if (packed)
      return `Compressed: ${change(original, size)}, ${bytes(original)} → ${bytes(size)}. Every bit comes back.`;
    const total = data.total, measured = total.bounded_stored_bytes || 0, others = total.stored_bytes - measured;
    const kinds = [...new Set(data.tensors.filter(t => !isCounted(t) && !t.same_as && t.elements).map(t => t.dtype))].join(", ");
    const left = `${bytes(others)} of ${bytes(total.stored_bytes)} (${kinds}) were not measured`;
    if (!measured)
      return others ? `Not compressed. ${left}: integers, types that uwt does not know, or weights that were not read (--headers-only).` : "Not compressed, and empty.";
    const least = total.joint_entropy / 8 * total.bounded_elements + others;
    return `Not compressed. Compressed, it could be about ${change(total.stored_bytes, least)}: ${bytes(total.stored_bytes)} → ${bytes(Math.round(least))}.` +
      (others > total.stored_bytes / 100 ? ` ${left}; they are counted as they are, and the numbers below are of the other weights.` : "");
  }
  function head() {
    byId("title").textContent = data.path;
    const size = data.files.reduce((sum, f) => sum + f.bytes, 0);
    const original = data.files.reduce((sum, f) => sum + f.original_bytes, 0);
    const packed = data.files.some(f => f.compressed);
    byId("files").textContent = (packed ? "compressed safetensors" : "plain safetensors") +
      ", " + (data.files.length === 1 ? "1 file" : count(data.files.length) + " files");
    byId("result").textContent = resultText(packed, size, original);
    const total = data.total;
    const cards = [];
    cards.push(["Size", bytes(size), packed ? `${bytes(original)} before` : "not compressed"]);
    cards.push(["Tensors", count(total.tensors), `${count(total.compressed)} compressed`]);
    cards.push(["Weights", count(total.elements), ""]);
    if (total.joint_entropy !== undefined) {
      const bits = 8 * total.bounded_stored_bytes / total.bounded_elements;
      cards.push(["Bits a weight", fixed(bits, 3), packed ? "all but headers" : "as stored"]);
      const unmeasured = total.stored_bytes - total.bounded_stored_bytes;
      const note = unmeasured > total.stored_bytes / 100 ? `of ${percent(total.bounded_stored_bytes / total.stored_bytes)} of the bytes` : "the fewest a code needs";
      cards.push(["Entropy", fixed(total.joint_entropy, 3), note]);
      cards.push(["Exponents coded alone", fixed(total.exponent_entropy, 3), "bits a weight at least"]);
    }
    for (const [name, value, note] of cards)
      byId("cards").append(element("div", {}, element("dt", {}, name), element("dd", {}, value, element("small", {}, note))));
  }

  // --- sizes and bounds -------------------------------------------------------
  function sizesChart() {
    // Vectors are few bytes that are not compressed, and would squeeze the picture.
    const list = data.tensors.filter(t => isCounted(t) && t.elements > 0 && t.shape.length > 1);
    const place = byId("sizes-chart");
    if (!list.length) { place.textContent = "Weights were not read (--headers-only), or none is a matrix of a type that uwt splits."; return; }
    const chartPlace = element("div");
    place.append(chartPlace, sizesLegend());
    drawToFit(chartPlace, width => [sizesPicture(list, width)]);
    const prefix = commonPrefix(list.map(t => t.name));
    if (prefix) place.append(element("p", { class: "hint" }, `All names begin with ${prefix}`));
    const { low, high } = scaleOf(list);
    const outside = list.filter(t => [t.bits_per_weight, t.joint_entropy, t.exponent_entropy].some(v => v < low || v > high)).length;
    if (outside) place.append(element("p", { class: "hint" },
      `${count(outside)} tensor${outside === 1 ? " is" : "s are"} drawn at the edge of the scale, which is that of the tensors with 99.5 % of the weights.`));
  }
  /// The scale of the tensors that have 99.5 % of the weights: what is tiny does not stretch it.
  function scaleOf(list) {
    const sorted = [...list].sort((a, b) => b.elements - a.elements);
    const all = sorted.reduce((sum, t) => sum + t.elements, 0);
    let seen = 0;
    const main = sorted.filter(t => { const isIn = seen < .995 * all; seen += t.elements; return isIn; });
    const low = main.reduce((a, t) => Math.min(a, t.joint_entropy, t.bits_per_weight), Infinity);
    const high = main.reduce((a, t) => Math.max(a, t.bits_per_weight, t.joint_entropy, t.exponent_entropy), 0);
    const margin = Math.max((high - low) * .06, .05);
    return { low: Math.max(0, low - margin), high: high + margin };
  }
  function sizesPicture(list, width) {
    const height = 280, left = 40, right = 8, top = 10, bottom = 24;
    const { low, high } = scaleOf(list);
    const x = i => left + (width - left - right) * (i + .5) / list.length;
    const y = v => top + (height - top - bottom) * (high - Math.min(high, Math.max(low, v))) / (high - low);
    const svg = chart(width, height, `Bits a weight of ${list.length} tensors beside their entropy`);
    for (const v of ticks(low, high, 6)) {
      svg.append(element("line", { class: "grid", x1: left, x2: width - right, y1: y(v), y2: y(v) }));
      svg.append(element("text", { x: left - 6, y: y(v) + 4, "text-anchor": "end" }, String(v)));
    }
    const step = (width - left - right) / list.length, half = Math.min(step * .42, 9);
    const dash = (v, i) => `M${fixed(x(i) - half, 2)} ${fixed(y(v), 2)}h${fixed(2 * half, 2)}`;
    if (list.length > 2000) {
      // Too many to point at: one path a kind instead of elements a tensor.
      const path = key => list.map((t, i) => dash(t[key], i)).join("");
      svg.append(element("path", { class: "exponent", d: path("exponent_entropy") }),
        element("path", { class: "joint", d: path("joint_entropy") }),
        element("path", { d: path("bits_per_weight"), style: "stroke:var(--stored);stroke-width:3" }));
    } else list.forEach((t, i) => {
      svg.append(element("path", { class: "exponent", d: dash(t.exponent_entropy, i) }), element("path", { class: "joint", d: dash(t.joint_entropy, i) }));
      svg.append(element("circle", { class: "stored", cx: x(i), cy: y(t.bits_per_weight), r: Math.max(1.5, Math.min(4, half)) }));
      const mark = element("rect", { class: "mark", x: x(i) - step / 2, y: top, width: step, height: height - top - bottom });
      mark.addEventListener("click", () => open(t.name, true));
      svg.append(titled(mark, `${t.name}\nstored ${fixed(t.bits_per_weight, 3)}, entropy ${fixed(t.joint_entropy, 3)}, exponents coded alone ${fixed(t.exponent_entropy, 3)} bits a weight`));
    });
    // A character of these labels is about 6.2 wide.
    const start = commonPrefix(list.map(t => t.name)).length;
    const label = (t, most) => { const name = t.name.slice(start); return name.length <= most ? name : name.slice(0, most / 2 - 1) + "…" + name.slice(1 - most / 2); };
    const most = 2 * Math.floor((width - left) / 6.2 / 4) - 2;
    svg.append(element("text", { x: left, y: height - 6 }, label(list[0], most)));
    if (list.length > 1) svg.append(element("text", { x: width - right, y: height - 6, "text-anchor": "end" }, label(list[list.length - 1], most)));
    return svg;
  }
  function sizesLegend() {
    const key = (kind, text) => {
      const icon = element("svg", { viewBox: "0 0 18 10", "aria-hidden": "true" },
        kind === "stored" ? element("circle", { class: kind, cx: 9, cy: 5, r: 4 }) : element("path", { class: kind, d: "M0 5h18" }));
      return element("li", {}, icon, text);
    };
    return element("ul", { class: "legend" }, key("stored", "stored"), key("joint", "entropy: the fewest that a code for single weights needs"), key("exponent", "exponents coded alone"));
  }

  // --- exponents -----------------------------------------------------------------
  /// Bars of [value, count] pairs; `title(value, count)` says what one is.
  function histogram(pairs, logarithmic, width, height, label,
                     title = (value, n) => `exponent ${value}: ${count(n)} weights`) {
    const svg = chart(width, height, label);
    if (!pairs.length) return svg;
    const left = 44, bottom = 20, top = 8, all = pairs.reduce((s, p) => s + p[1], 0);
    const peak = pairs.reduce((m, p) => Math.max(m, p[1]), 0) / all;
    // Bars without room are left out of a linear picture: their weights are not seen there.
    const seen = logarithmic ? pairs : pairs.filter(p => p[1] / all > peak / 2000);
    const first = Math.min(...seen.map(p => p[0])), last = Math.max(...seen.map(p => p[0]));
    const floor = Math.max(Math.log10(1 / all), -9);
    const share = v => logarithmic ? Math.max(0, (Math.log10(v) - floor) / (Math.log10(peak) - floor || 1)) : v / peak;
    const x = e => left + (width - left) * (e - first) / (last - first + 1);
    const y = s => top + (height - top - bottom) * (1 - s);
    const marks = logarithmic
      ? Array.from({ length: Math.max(1, Math.ceil(-floor)) }, (_, i) => 10 ** -i).filter(v => v <= peak * 10 && share(v) <= 1)
      : ticks(0, peak, 4);
    for (const v of marks) {
      svg.append(element("line", { class: "grid", x1: left, x2: width, y1: y(share(v)), y2: y(share(v)) }));
      const text = logarithmic ? `1e${Math.round(Math.log10(v))}` : fixed(100 * v, 0) + " %";
      svg.append(element("text", { x: left - 6, y: y(share(v)) + 4, "text-anchor": "end" }, text));
    }
    const slot = (width - left) / (last - first + 1), bar = Math.max(1, slot * .84);
    for (const [value, n] of seen) {
      const h = Math.max(logarithmic ? 1 : .5, (height - top - bottom) * share(n / all));
      svg.append(titled(element("rect", { class: "bar", x: x(value) + (slot - bar) / 2, y: height - bottom - h, width: bar, height: h, rx: Math.min(2, bar / 4) }),
        `${title(value, n)}, ${percent(n / all, 4)}`));
    }
    const every = ticks(first, last, Math.min(10, last - first + 1)).filter(Number.isInteger);
    for (const e of every) svg.append(element("text", { x: x(e) + slot / 2, y: height - 5, "text-anchor": "middle" }, String(e)));
    return svg;
  }
  function exponentsChart() {
    // Exponents of one width are added up; types of different width have a chart each.
    const sums = new Map();
    for (const t of data.tensors) {
      if (!t.exponents?.length) continue;
      const wide = t.dtype.startsWith("F8") || t.dtype === "F16" ? t.dtype : "BF16 and F32";
      if (!sums.has(wide)) sums.set(wide, new Map());
      for (const [e, n] of t.exponents) sums.get(wide).set(e, (sums.get(wide).get(e) || 0) + n);
    }
    const place = byId("exponents-chart"), box = byId("logarithmic");
    if (!sums.size) { place.textContent = "Weights were not read."; return; }
    const redraw = drawToFit(place, width => [...sums].flatMap(([type, counts]) => {
      const pairs = [...counts].sort((a, b) => a[0] - b[0]);
      const picture = histogram(pairs, box.checked, width, 240, `Histogram of exponents of ${type} weights`);
      return sums.size > 1 ? [element("p", { class: "hint" }, type), picture] : [picture];
    }));
    box.addEventListener("change", redraw);
  }

  // --- formats -----------------------------------------------------------------------
  function formatsChart() {
    const sums = new Map();
    for (const t of data.tensors) {
      if (t.same_as) continue;
      const name = formatText(t);
      const sum = sums.get(name) || { bytes: 0, tensors: 0 };
      sum.bytes += t.stored_bytes; sum.tensors += 1;
      sums.set(name, sum);
    }
    const all = data.total.stored_bytes || 1;
    for (const [name, sum] of [...sums].sort((a, b) => b[1].bytes - a[1].bytes)) {
      const fill = element("i", { style: `width:${100 * sum.bytes / all}%` });
      byId("formats-chart").append(element("div", { class: "share" }, element("b", {}, name),
        element("span", {}, `${bytes(sum.bytes)}, ${percent(sum.bytes / all)}, ${count(sum.tensors)} tensor${sum.tensors === 1 ? "" : "s"}`),
        element("div", { role: "img", "aria-label": `${name}: ${percent(sum.bytes / all)} of stored bytes` }, fill)));
    }
  }

  // --- escapes ----------------------------------------------------------------------
  let patterns = 0;
  /// One row of cells, shaded by escapes on a logarithmic scale.
  function escapeRow(t, height) {
    const { escapes, as_words: words, step, count: panels } = t.panels, width = 800;
    const svg = chart(width, height, `${t.name}: ${count(t.escapes)} escapes in ${count(panels)} panels, ${count(t.panels_as_words)} panels not coded`);
    svg.setAttribute("preserveAspectRatio", "none");
    const id = "hatch" + patterns++;
    svg.append(element("defs", {}, element("pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse" },
      element("rect", { width: 6, height: 6, style: "fill:var(--line)" }), element("path", { d: "M0 6L6 0", style: "stroke:var(--soft);stroke-width:1.5" }))));
    const most = Math.log10(1 + t.elements / Math.max(panels, 1) * step * .01);
    escapes.forEach((n, i) => {
      const heat = Math.min(1, Math.log10(1 + n) / (most || 1));
      const fill = words[i] ? `url(#${id})` : n ? `hsl(${25 - 20 * heat} 85% ${78 - 38 * heat}%)` : "hsl(var(--cold))";
      const first = i * step, last = Math.min(first + step, panels) - 1;
      const where = first === last ? `panel ${first}` : `panels ${first} to ${last}`;
      svg.append(titled(element("rect", { class: "cell", x: width * i / escapes.length, y: 0, width: Math.max(.5, width / escapes.length - (escapes.length < 100 ? 1 : .2)), height, style: `fill:${fill}` }),
        `${where}: ${count(n)} escapes` + (words[i] ? `, ${count(words[i])} not coded` : "")));
    });
    return svg;
  }
  function escapesChart() {
    const most = 40;
    const some = data.tensors.filter(t => t.panels && (t.escapes || t.panels_as_words))
      .sort((a, b) => b.escapes / b.elements - a.escapes / a.elements || b.panels_as_words - a.panels_as_words);
    const place = byId("escapes-chart");
    if (!some.length) { place.textContent = "No tensor has escapes, and every panel is coded."; return; }
    const rows = element("div", { class: "rows" });
    const shown = some.slice(0, most), prefix = commonPrefix(shown.map(t => t.name));
    if (prefix) place.append(element("p", { class: "hint" }, `All names begin with ${prefix}`));
    for (const t of shown)
      rows.append(element("span", {}, ...breakable(t.name.slice(prefix.length))), escapeRow(t, 14));
    place.append(rows);
    if (some.length > most) place.append(element("p", { class: "hint" }, `The ${most} tensors with most escapes a weight, of ${count(some.length)} that have any.`));
  }

  // --- quantised weights -------------------------------------------------------------
  const short = x => x === null ? "not a number" : String(+x.toPrecision(4));
  const scalesText = grid => `${short(grid.least)} to ${short(grid.most)}`;
  /// Codes and scales of a weight, drawn.
  function quantizedCharts(weight, width) {
    const half = Math.max(280, Math.floor(width / 2) - 16);
    const numbers = new Map(weight.codes.map(([code, number]) => [code, number]));
    const codes = element("div", {}, element("p", { class: "hint" }, `Codes: ${fixed(weight.code_entropy, 3)} bits of entropy`),
      histogram(weight.codes.map(([code, , n]) => [code, n]), false, half, 170, `Histogram of codes of ${weight.name}`,
        (code, n) => `code ${code}${weight.tables ? "" : `, the number ${short(numbers.get(code))}`}: ${count(n)} weights`));
    const charts = element("div", { class: "charts" }, codes);
    if (weight.tables)
      charts.append(element("div", {}, element("p", { class: "hint" }, `Tables by how many cells have them: ${count(weight.tables.length)}`),
        histogram(weight.tables.map((n, table) => [table, n]), false, half, 170, `Histogram of tables of ${weight.name}`, (table, n) => `table ${table}: ${count(n)} cells`)));
    if (weight.scale)
      charts.append(element("div", {}, element("p", { class: "hint" }, `Scales by the power of two that they begin with: ${count(weight.scale.cells)} of ${weight.scale.cell.join(" × ")} weights`),
        histogram(weight.scale.octaves, true, half, 170, `Histogram of scales of ${weight.name}`, (octave, n) => `2^${octave} and up: ${count(n)} groups`)));
    return charts;
  }
  function quantizedTable() {
    const list = (data.quantized || []).filter(w => !w.refusal);
    if (!list.length) { byId("quantized").remove(); return; }
    const elements = w => w.shape.reduce((product, n) => product * n, 1);
    // Name, text, and whether it is a word.
    const shown = [
      ["weight", w => w.name, "word name"], ["recipe", w => w.recipe, "word"], ["format", w => w.format, "word format"], ["shape", w => w.shape.join(" × "), "word"],
      ["bits", w => fixed(8 * w.bytes / elements(w), 3)], ["stored", w => fixed(8 * w.stored_bytes / elements(w), 3)],
      ["codes' entropy", w => w.codes ? fixed(w.code_entropy, 3) : ""], ["scales", w => w.scale ? scalesText(w.scale) : ""],
      ["zero points", w => w.zero ? scalesText(w.zero) : ""], ["outlier groups", w => w.scale ? count(w.scale.outliers) : ""]];
    const table = byId("quantized-table"), most = 500;
    table.append(element("thead", {}, element("tr", {}, ...shown.map(([name, , kind = ""]) => element("th", { scope: "col", class: kind.split(" ")[0] }, name)))));
    const body = element("tbody");
    for (const weight of list.slice(0, most)) {
      const row = element("tr");
      shown.forEach(([, show, kind = ""], i) => {
        const text = kind.includes(" ") ? breakable(show(weight)) : [show(weight)];
        if (i || !weight.codes) { row.append(element("td", { class: kind }, ...text)); return; }
        const button = element("button", { type: "button", "aria-expanded": "false" }, ...text);
        button.addEventListener("click", () => {
          const isOpen = button.getAttribute("aria-expanded") === "true";
          button.setAttribute("aria-expanded", String(!isOpen));
          if (isOpen) { row.nextSibling.remove(); return; }
          row.after(element("tr", { class: "detail" }, element("td", { colspan: shown.length }, quantizedCharts(weight, Math.min(1240, document.documentElement.clientWidth - 80)))));
        });
        row.append(element("td", { class: kind }, button));
      });
      body.append(row);
    }
    table.append(body);
    const drawn = list.find(w => w.codes);
    if (drawn) drawToFit(byId("quantized-chart"), width => [element("p", { class: "hint" }, `The first of them, ${drawn.name}. Choose another one's name for its own.`), quantizedCharts(drawn, width)]);
    if (list.length > most) byId("quantized-note").textContent = `The first ${most} of ${count(list.length)} are shown.`;
  }

  // --- table --------------------------------------------------------------------------
  const columns = [
    { name: "tensor", word: true, key: t => t.name, show: t => t.name },
    { name: "type", word: true, key: t => t.dtype, show: t => t.dtype },
    { name: "shape", word: true, key: t => t.elements, show: shapeText },
    { name: "original", key: t => t.bytes, show: t => bytes(t.bytes) },
    { name: "stored", key: t => t.stored_bytes, show: t => bytes(t.stored_bytes) },
    { name: "bits", key: t => t.bits_per_weight, show: t => t.same_as || !t.elements ? "" : fixed(t.bits_per_weight, 3) },
    { name: "entropy", key: t => t.joint_entropy ?? -1, show: t => isCounted(t) ? fixed(t.joint_entropy, 3) : "" },
    { name: "of exponents", key: t => t.exponent_entropy ?? -1, show: t => isCounted(t) ? fixed(t.exponent_entropy, 3) : "" },
    { name: "escapes", key: t => t.escapes ?? -1, show: t => t.panels ? count(t.escapes) : "" },
    { name: "not coded", key: t => t.panels_as_words ?? -1, show: t => t.panels_as_words ? `${count(t.panels_as_words)} of ${count(t.panels.count)} panels` : "" },
    { name: "format", word: true, key: formatText, show: formatText },
  ];
  let order = { column: -1, rising: true }, opened = "";

  function detail(t) {
    const list = element("dl");
    const say = (name, value) => list.append(element("dt", {}, name), element("dd", {}, value));
    say("weights", count(t.elements));
    say("original", count(t.bytes) + " B");
    say("stored", count(t.stored_bytes) + " B");
    if (isCounted(t)) {
      if (t.format && t.joint_entropy > 0) say("beside its entropy", signed(t.bits_per_weight / t.joint_entropy - 1));
      say("zeros", count(t.zeros));
      say("subnormals", count(t.subnormals));
    }
    for (const [plane, size] of Object.entries(t.planes || {})) say("plane " + plane, count(size) + " B");
    if (data.files.length > 1) say("file", data.files[t.file].path);
    if (t.sha256) say("sha256", t.sha256);
    const charts = element("div");
    if (t.exponents) charts.append(element("p", { class: "hint" }, "Exponents"), histogram(t.exponents, byId("logarithmic").checked, Math.min(620, Math.max(280, document.documentElement.clientWidth - 80)), 170, `Histogram of exponents of ${t.name}`));
    if (t.panels) charts.append(element("p", { class: "hint" }, "Escapes by panel"), escapeRow(t, 18));
    return element("tr", { class: "detail" }, element("td", { colspan: columns.length }, element("div", { class: "pair" }, list, charts)));
  }

  /// A name that may go on in the next line after a dot or an underscore.
  function breakable(name) {
    return name.split(/(?<=[._])/).flatMap((part, i) => i ? [element("wbr"), part] : [part]);
  }

  function row(t) {
    const line = element("tr", { "data-name": t.name });
    columns.forEach((column, i) => {
      const kind = (column.word ? "word " : "") + (i === 0 ? "name" : column.name === "format" ? "format" : "");
      if (i) {
        // Numbers and their units stay together.
        const text = column.show(t);
        line.append(element("td", { class: kind }, ...(column.name === "format" ? breakable(text) : [text])));
        return;
      }
      const button = element("button", { type: "button", "aria-expanded": String(opened === t.name) }, ...breakable(t.name));
      button.addEventListener("click", () => open(t.name, false));
      line.append(element("td", { class: kind }, button));
    });
    return line;
  }

  function body() {
    const text = byId("filter").value.toLowerCase();
    const list = data.tensors.filter(t => t.name.toLowerCase().includes(text));
    if (order.column >= 0) {
      const key = columns[order.column].key, sign = order.rising ? 1 : -1;
      list.sort((a, b) => { const x = key(a), y = key(b); return sign * (x < y ? -1 : x > y ? 1 : 0); });
    }
    // A browser takes long to lay out tens of thousands of rows.
    const most = 2000, rows = [];
    for (const t of list.slice(0, most)) {
      rows.push(row(t));
      if (t.name === opened) rows.push(detail(t));
    }
    byId("table").tBodies[0].replaceChildren(...rows);
    byId("shown").textContent = list.length > most ? `${count(most)} of ${count(list.length)} shown` : `${count(list.length)} shown`;
  }

  function sortBy(i, header) {
    order = { column: i, rising: order.column === i ? !order.rising : Boolean(columns[i].word) };
    for (const th of header.cells) th.removeAttribute("aria-sort");
    header.cells[i].setAttribute("aria-sort", order.rising ? "ascending" : "descending");
    body();
  }

  /// Opens the detail of a tensor, or closes it; `scroll` also brings it into view.
  function open(name, scroll) {
    opened = opened === name && !scroll ? "" : name;
    // A link to this page with this tensor open.
    history.replaceState(null, "", opened ? "#tensor=" + encodeURIComponent(opened) : location.pathname);
    if (scroll) byId("filter").value = "";
    body();
    const line = [...byId("table").tBodies[0].rows].find(r => r.dataset.name === name);
    if (line && scroll) line.scrollIntoView({ block: "center" });
    if (line) line.querySelector("button").focus({ preventScroll: true });
  }

  function table() {
    const header = element("tr");
    columns.forEach((column, i) => {
      const button = element("button", { type: "button" }, column.name);
      button.addEventListener("click", () => sortBy(i, header));
      header.append(element("th", { scope: "col", class: column.word ? "word" : "" }, button));
    });
    byId("table").append(element("caption", {}, "Bits are those stored for a weight, entropy the fewest that a code for single weights needs. Choose a name for its histogram and escapes, a heading to sort."),
      element("thead", {}, header), element("tbody"));
    byId("filter").addEventListener("input", body);
    body();
  }

  head();
  sizesChart();
  exponentsChart();
  formatsChart();
  escapesChart();
  quantizedTable();
  table();
  const linked = decodeURIComponent(location.hash.replace(/^#tensor=/, ""));
  if (data.tensors.some(t => t.name === linked)) open(linked, true);
  document.documentElement.dataset.ready = "true";
})();
