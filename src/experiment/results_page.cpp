// report.html of an experiment: its data are results.json, the page's script draws them.
#include "experiment/results_files.h"
#include "training/report/page_parts.h"

namespace modernbert {
namespace {

constexpr std::string_view kPage = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{title}}</title>
<style>
{{style}}.legend { line-height: 1.7; }
.legend b { color: var(--ink); font-weight: 600; font-variant-numeric: tabular-nums; }
.legend span { white-space: nowrap; display: inline-block; }
.results td, .results th { text-align: right; padding: 5px 0 5px 18px; }
.results td { font-variant-numeric: tabular-nums; }
.results td:first-child, .results th:first-child { text-align: left; padding-left: 0; font-weight: 600; }
.results i { display: inline-block; width: 10px; height: 10px; border-radius: 5px; margin-right: 8px; }
.best { font-weight: 600; }
.what { margin: 10px 0 0; padding: 0; list-style: none; font-size: 13px; }
.what li { margin: 4px 0; line-height: 1.8; }
.what code { font-size: 12px; background: var(--page); border: 1px solid var(--line); border-radius: 4px; padding: 1px 5px; margin-right: 4px; white-space: nowrap; }
.what em { color: var(--soft); font-style: normal; display: block; }
</style>
</head>
<body>
<main>
<h1 id="name"></h1>
<p class="sub" id="description"></p>
<div class="card wide" style="margin: 0 0 16px"><table class="results" id="table"></table></div>
<div class="charts" id="charts"></div>
<div class="card wide"><h2>Variants</h2><ul class="what" id="what"></ul></div>
</main>
<script>
"use strict";
const data = {{data}};
{{script}}const palette = ["#2f6fed", "#e0592a", "#159a6c", "#a347d1", "#c08a00", "#d6336c", "#0d9bb5", "#6b7280", "#8a5a2b", "#5b5bd6", "#7fa01a", "#b3413b"];
const colour = i => palette[i % palette.length];
const fixed = x => x.toFixed(3), signed = x => (x < 0 ? "−" : "+") + Math.abs(x).toFixed(3);
const budgets = { tokens: "equal tokens", flops: "equal FLOPs", time: "equal time" };
const megabytes = bytes => (bytes / 1e6).toFixed(0) + " MB";
const spread = (s, format) => s === null ? "–" : format(s.mean) + (s.deviation === null ? "" : " ± " + s.deviation.toFixed(3));
at("name").textContent = data.name;
at("description").textContent = `${data.base} · ${budgets[data.budget]} · ${data.seeds.length === 1 ? "seed" : "seeds"} ${data.seeds.join(", ")} · ${data.machine}`;
const isKnown = point => point[1] !== null;
// Evaluations with the same number belong together; rows are never quite full, so their tokens differ a little.
function mean(curves) {
  const average = list => list.reduce((a, b) => a + b) / list.length;
  const shared = Math.min(...curves.map(points => points.length));
  return Array.from({ length: shared }, (_, i) => curves.map(points => points[i])).filter(points => points.every(isKnown))
    .map(points => [average(points.map(p => p[0])), average(points.map(p => p[1]))]);
}
const curvesOf = (variant, x, y) => variant.runs.map(run => run.held_out.map(point => [point[x], point[y]])).filter(points => points.length);
function family(variant, i, curves) {
  const middle = curves.length ? mean(curves) : [];
  const single = curves.length > 1 ? curves.map(points => ({ points: points.filter(isKnown), colour: colour(i), width: 1, opacity: 0.35, quiet: true })) : [];
  return single.concat({ points: middle, colour: colour(i), width: 2, label: variant.name });
}
const lossCurves = x => data.variants.flatMap((variant, i) => family(variant, i, curvesOf(variant, x, "loss")));
// The loss at a number of tokens, between two evaluations; a little behind the last one it is the last one's.
function lossAt(points, tokens) {
  const after = points.findIndex(point => point.tokens >= tokens), last = points[points.length - 1];
  if (after < 0) return last && tokens < 1.03 * last.tokens ? last.loss : null;
  const b = points[after];
  if (after === 0) return tokens > 0.97 * b.tokens ? b.loss : null;
  const a = points[after - 1];
  return a.loss + (b.loss - a.loss) * (tokens - a.tokens) / (b.tokens - a.tokens);
}
// Each run less the first variant's run of its seed.
function differences(variant) {
  return variant.runs.map(run => {
    const first = data.variants[0].runs.find(other => other.seed === run.seed);
    return run.held_out.map(p => [p.tokens, lossAt(first.held_out, p.tokens), p.loss])
      .map(([x, base, loss]) => [x, base === null ? null : loss - base]);
  }).filter(points => points.length);
}
// Final losses: a row a variant, a dot a seed, a bar at the mean.
function dots(title) {
  const rows = data.variants.map((v, i) => ({ name: v.name, colour: colour(i), mean: v.loss && v.loss.mean,
    losses: v.runs.filter(run => run.status === "finished").map(run => run.held_out[run.held_out.length - 1].loss) })).filter(row => row.losses.length);
  if (!rows.length) return;
  const card = make(at("charts"), "div", undefined, "card"), longest = Math.max(...rows.map(row => row.name.length));
  make(make(card, "div", undefined, "head"), "h2", title);
  const width = 520, step = 24, left = Math.min(220, 16 + 6.4 * longest), height = rows.length * step + 30;
  const svg = svgNode(card, "svg", { viewBox: `0 0 ${width} ${height}` });
  const all = rows.flatMap(row => row.losses), low = Math.min(...all), high = Math.max(...all), margin = 0.08 * (high - low) || 0.01;
  const px = x => left + (x - low + margin) / (high - low + 2 * margin) * (width - left - 12);
  for (const t of ticks(low - margin, high + margin, 5)) {
    svgNode(svg, "line", { x1: px(t), x2: px(t), y1: 6, y2: height - 22, stroke: "var(--line)" });
    svgNode(svg, "text", { x: px(t), y: height - 6, "text-anchor": "middle" }).textContent = +t.toFixed(4);
  }
  rows.forEach((row, i) => {
    const y = 6 + step * (i + 0.5);
    svgNode(svg, "text", { x: left - 10, y: y + 4, "text-anchor": "end" }).textContent = row.name.length > 32 ? row.name.slice(0, 31) + "…" : row.name;
    for (const loss of row.losses) svgNode(svg, "circle", { cx: px(loss), cy: y, r: 4, fill: row.colour, "fill-opacity": row.losses.length > 1 ? 0.45 : 1 });
    if (row.losses.length > 1) svgNode(svg, "rect", { x: px(row.mean) - 1.5, y: y - 9, width: 3, height: 18, rx: 1, fill: row.colour });
  });
}
function table() {
  const lengths = data.variants.map(v => v.inference.map(s => s.length)).find(list => list.length) || [];
  const known = (x, format) => x === null || x === undefined ? null : format(x);
  // [title, value to compare or null, text, which is best: the least (−1) or the most (1)]
  const columns = [
    ["held-out loss", v => v.loss && v.loss.mean, v => v.loss ? spread(v.loss, fixed) : v.runs.some(run => run.status === "failed") ? "failed" : null, -1],
    ["difference", () => null, v => v === data.variants[0] ? "" : spread(v.difference, signed)],
    ["training tok/s", v => v.training_tokens_per_s && v.training_tokens_per_s.mean, v => v.training_tokens_per_s && short(v.training_tokens_per_s.mean), 1],
    ...lengths.map((length, i) => ["tok/s at " + length, v => v.inference[i] && v.inference[i].tokens_per_s, v => known(v.inference[i] && v.inference[i].tokens_per_s, short), 1]),
    ["memory", v => v.peak_bytes, v => known(v.peak_bytes, megabytes), -1],
    ["parameters", () => null, v => short(v.parameters)],
    ["tokens", () => null, v => short(v.tokens)],
    ["time", v => v.training_seconds && v.training_seconds.mean, v => v.training_seconds && span(v.training_seconds.mean), -1],
  ];
  const head = make(at("table"), "tr");
  make(head, "th", "variant");
  for (const [title] of columns) make(head, "th", title);
  data.variants.forEach((variant, i) => {
    const row = make(at("table"), "tr"), cell = make(row, "td");
    make(cell, "i").style.background = colour(i);
    cell.append(variant.name);
    for (const [, value, text, direction] of columns) {
      const values = data.variants.map(value).filter(x => x !== null && x !== undefined);
      const best = values.length > 1 && value(variant) === (direction < 0 ? Math.min(...values) : Math.max(...values));
      const shown = text(variant);
      make(row, "td", shown === null || shown === undefined ? "–" : shown, direction && best ? "best" : undefined);
    }
  });
}
table();
const legend = { readInLegend: true };
chart("Held-out loss over tokens (nats)", lossCurves("tokens"), fixed, { ...legend, x: "tokens" });
if (data.variants.length > 1)
  chart("Difference to " + data.variants[0].name, data.variants.flatMap((v, i) => i ? family(v, i, differences(v)) : []), signed, { ...legend, x: "tokens" });
dots("Held-out loss at the end");
chart("Held-out loss over training time (nats)", lossCurves("seconds"), fixed, { ...legend, x: "after", xFormat: span });
for (const [i, variant] of data.variants.entries()) {
  const item = make(at("what"), "li"), name = make(item, "b", variant.name + " ");
  name.style.color = colour(i);
  item.append((variant.from || "the base recipe") + (variant.changes.length ? " with " : ""));
  for (const change of variant.changes) make(item, "code", change);
  for (const note of variant.other_data) make(item, "em", note);
  for (const run of variant.runs) if (run.error) make(item, "em", `seed ${run.seed} failed: ${run.error}`);
  for (const speed of variant.inference) if (speed.remark) make(item, "em", `no speed at ${speed.length}: ${speed.remark}`);
}
</script>
</body>
</html>
)html";

}  // namespace

std::string results_page(const ExperimentResults& results) {
  return fill_page(kPage, results.name,
                   results_json(results).dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
}

}  // namespace modernbert
