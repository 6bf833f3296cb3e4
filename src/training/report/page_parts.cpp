#include "training/report/page_parts.h"

namespace modernbert {
namespace {

// JSON inside a <script> must not end it.
std::string script_safe(std::string json) {
  for (size_t i = json.find('<'); i != std::string::npos; i = json.find('<', i + 1))
    json.replace(i, 1, "\\u003c");
  return json;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '&')
      out += "&amp;";
    else
      out += c;
  }
  return out;
}

const std::string_view kStyle =
    R"html(:root { --ink: #1d2433; --soft: #667085; --line: #e4e7ec; --page: #f7f8fa; --card: #ffffff;
        --a: #2f6fed; --b: #e0592a; --raw: #bcd0fa; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7eaf0; --soft: #98a2b3; --line: #2c3442; --page: #11151c; --card: #191f29;
          --a: #6d9dff; --b: #ff8f66; --raw: #34456b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
       font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 26px; margin: 0 0 2px; letter-spacing: -0.01em; }
h2 { font-size: 15px; margin: 0; font-weight: 600; }
.sub { color: var(--soft); margin: 0 0 24px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-bottom: 16px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; }
.tile b { display: block; font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: 13px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 16px; }
.head { display: flex; justify-content: space-between; align-items: baseline; gap: 12px; }
.read { color: var(--soft); font-size: 13px; font-variant-numeric: tabular-nums; white-space: nowrap; }
.legend { font-size: 12px; color: var(--soft); margin-top: 2px; min-height: 18px; }
.legend i { display: inline-block; width: 14px; height: 3px; border-radius: 2px; margin: 0 5px 3px 0; }
.legend span { margin-right: 14px; }
svg { display: block; width: 100%; height: auto; margin-top: 4px; overflow: visible; }
svg text { fill: var(--soft); font-size: 11px; font-variant-numeric: tabular-nums; }
.wide { margin-top: 16px; overflow-x: auto; }
.sentence { margin: 18px 0 6px; font-weight: 600; }
.sentence mark { background: none; color: var(--a); }
table { border-collapse: collapse; font-size: 13px; width: 100%; }
th, td { text-align: left; padding: 4px 14px 4px 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 500; }
td.n { font-variant-numeric: tabular-nums; color: var(--soft); width: 90px; }
.g { display: inline-block; min-width: 150px; position: relative; padding: 1px 6px; margin-right: 6px; z-index: 0;
     border-radius: 4px; overflow: hidden; white-space: pre; }
.g::before { content: ""; position: absolute; inset: 0; width: var(--p); background: var(--raw); z-index: -1; opacity: .75; }
.g em { float: right; font-style: normal; color: var(--soft); padding-left: 10px; font-variant-numeric: tabular-nums; }
)html";

const std::string_view kScript = R"html(const at = id => document.getElementById(id);
const make = (parent, tag, text, name) => {
  const node = parent.appendChild(document.createElement(tag));
  if (text !== undefined) node.textContent = text;
  if (name) node.className = name;
  return node;
};
const svgNode = (parent, tag, attributes) => {
  const node = parent.appendChild(document.createElementNS("http://www.w3.org/2000/svg", tag));
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  return node;
};
const units = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]];
function short(x) {
  for (const [unit, letter] of units) if (Math.abs(x) >= unit) return +(x / unit).toPrecision(3) + letter;
  return String(+x.toPrecision(3));
}
function rate(x) { return x === 0 ? "0" : x.toExponential(2).replace("e-", "e−"); }
const percent = x => (100 * x).toFixed(1) + " %";
function span(s) {
  if (s < 60) return s.toFixed(0) + " s";
  if (s < 3600) return Math.floor(s / 60) + "m " + String(Math.floor(s % 60)).padStart(2, "0") + "s";
  if (s < 86400) return Math.floor(s / 3600) + "h " + String(Math.floor(s % 3600 / 60)).padStart(2, "0") + "m";
  return Math.floor(s / 86400) + "d " + String(Math.floor(s % 86400 / 3600)).padStart(2, "0") + "h";
}
// A running mean without lag at the start.
function smooth(points) {
  const keep = Math.exp(-1 / Math.max(2, points.length / 60));
  let sum = 0, weight = 0;
  return points.map(([x, y]) => {
    sum = keep * sum + y; weight = keep * weight + 1;
    return [x, sum / weight];
  });
}
function ticks(low, high, count) {
  const raw = (high - low) / count || 1, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map(m => m * power).find(s => s >= raw);
  const list = [];
  for (let t = Math.ceil(low / step) * step; t <= high + step * 1e-6; t += step) list.push(Math.abs(t) < step * 1e-9 ? 0 : t);
  return list;
}
const box = { width: 520, height: 230, left: 52, right: 10, top: 10, bottom: 24 };
// series: {points: [[x, y], …], colour, label?, width?, opacity?, quiet?}; quiet ones are not read out.
// options: x: what x counts; xFormat; zero: y starts there; robust: spikes are cut off; parent: id of the element;
// readInLegend: values stand beside the labels, for many series.
function chart(title, series, format, options = {}) {
  series = series.filter(s => s.points.length > 0);
  if (series.length === 0) return;
  const card = make(at(options.parent || "charts"), "div", undefined, "card"), head = make(card, "div", undefined, "head");
  make(head, "h2", title);
  const read = make(head, "div", "", "read"), legend = make(card, "div", undefined, "legend");
  for (const s of series.filter(s => s.label)) {
    const item = make(legend, "span");
    make(item, "i").style.background = s.colour;
    item.append(s.label);
    if (options.readInLegend) s.value = make(item, "b");
  }
  const svg = svgNode(card, "svg", { viewBox: `0 0 ${box.width} ${box.height}` });
  const all = series.flatMap(s => s.points), ys = all.map(p => p[1]).sort((a, b) => a - b);
  const x0 = Math.min(...all.map(p => p[0])), x1 = Math.max(...all.map(p => p[0]), x0 + 1);
  // A few spikes must not flatten the rest.
  let y0 = options.zero ? 0 : ys[0], y1 = options.robust ? ys[Math.floor((ys.length - 1) * 0.99)] * 1.15 : ys[ys.length - 1];
  if (y1 <= y0) y1 = y0 + (Math.abs(y0) || 1);
  const margin = 0.05 * (y1 - y0);
  y1 += margin; if (!options.zero) y0 -= margin;
  const xFormat = options.xFormat || short;
  const px = x => box.left + (x - x0) / (x1 - x0) * (box.width - box.left - box.right);
  const py = y => box.height - box.bottom - (Math.min(y, y1) - y0) / (y1 - y0) * (box.height - box.top - box.bottom);
  for (const t of ticks(y0, y1, 4)) {
    svgNode(svg, "line", { x1: box.left, x2: box.width - box.right, y1: py(t), y2: py(t), stroke: "var(--line)" });
    svgNode(svg, "text", { x: box.left - 6, y: py(t) + 4, "text-anchor": "end" }).textContent = format(t);
  }
  for (const t of ticks(x0, x1, 5))
    svgNode(svg, "text", { x: px(t), y: box.height - 6, "text-anchor": "middle" }).textContent = xFormat(t);
  for (const s of series) {
    svgNode(svg, "path", { d: s.points.map(([x, y], i) => `${i ? "L" : "M"}${px(x).toFixed(1)} ${py(y).toFixed(1)}`).join(""),
      fill: "none", stroke: s.colour, "stroke-width": s.width || 1.6, "stroke-opacity": s.opacity || 1, "stroke-linejoin": "round", "vector-effect": "non-scaling-stroke" });
    if (s.points.length === 1) svgNode(svg, "circle", { cx: px(s.points[0][0]), cy: py(s.points[0][1]), r: 3, fill: s.colour });
  }
  const cross = svgNode(svg, "line", { y1: box.top, y2: box.height - box.bottom, stroke: "var(--soft)", "stroke-dasharray": "3 3", visibility: "hidden" });
  const named = series.filter(s => !s.quiet);
  const show = step => {
    const near = points => points.reduce((a, b) => Math.abs(b[0] - step) < Math.abs(a[0] - step) ? b : a);
    const values = named.map(s => format(near(s.points)[1]));
    read.textContent = (options.x || "step") + " " + xFormat(step) + (options.readInLegend ? "" : "   " + values.join("  ·  "));
    if (options.readInLegend) named.forEach((s, i) => { if (s.value) s.value.textContent = " " + values[i]; });
  };
  const last = named[0].points[named[0].points.length - 1][0];
  show(last);
  svg.addEventListener("mousemove", event => {
    const bounds = svg.getBoundingClientRect(), x = (event.clientX - bounds.left) / bounds.width * box.width;
    const step = Math.round(Math.min(x1, Math.max(x0, x0 + (x - box.left) / (box.width - box.left - box.right) * (x1 - x0))));
    cross.setAttribute("x1", px(step)); cross.setAttribute("x2", px(step)); cross.setAttribute("visibility", "visible");
    show(step);
  });
  svg.addEventListener("mouseleave", () => { cross.setAttribute("visibility", "hidden"); show(last); });
}
)html";

}  // namespace

std::string fill_page(std::string_view page, const std::string& title, const std::string& data) {
  std::string text(page);
  const auto replace = [&text](std::string_view mark, std::string_view with) {
    text.replace(text.find(mark), mark.size(), with);
  };
  replace("{{style}}", kStyle);
  replace("{{script}}", kScript);
  // The title's mark stands before the data's, and whatever they are replaced with is not looked at again.
  replace("{{data}}", script_safe(data));
  replace("{{title}}", escaped(title));
  return text;
}

}  // namespace modernbert
