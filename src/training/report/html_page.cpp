#include "training/report/html_page.h"

namespace modernbert {

const std::string_view kReportPage = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{title}}</title>
<style>
{{style}}</style>
</head>
<body>
<main>
<h1 id="name"></h1>
<p class="sub" id="description"></p>
<div class="tiles" id="tiles"></div>
<div class="charts" id="charts"></div>
<div class="card wide" id="guesses" hidden><h2>Masked predictions over time</h2></div>
</main>
<script>
"use strict";
const data = {{data}};
{{script}}function noisy(points) {
  return [{ points, colour: "var(--raw)", width: 1, quiet: true }, { points: smooth(points), colour: "var(--a)", label: "training, smoothed" }];
}
at("name").textContent = data.name;
at("description").textContent = data.description;
const end = points => points.length ? points[points.length - 1][1] : null;
const loss = end(smooth(data.steps.loss)), heldOut = end(data.evaluations.loss), speed = end(smooth(data.steps.tokens_per_s));
for (const [value, name] of [[short(data.step_count), "steps"], [short(data.tokens), "tokens"], [span(data.seconds), "training time"],
    [loss === null ? "–" : loss.toFixed(3), "training loss"], [heldOut === null ? "–" : heldOut.toFixed(3), "held-out loss"],
    [speed === null ? "–" : short(speed), "tokens/s"]].concat(data.skipped ? [[data.skipped, "skipped steps"]] : [])) {
  const tile = make(at("tiles"), "div", undefined, "card tile");
  make(tile, "b", value); make(tile, "span", name);
}
const heldOutSeries = points => ({ points, colour: "var(--b)", label: "held out", width: 2 });
const fixed = x => x.toFixed(3);
chart("Loss (nats)", noisy(data.steps.loss).concat(data.evaluations.loss.length ? heldOutSeries(data.evaluations.loss) : []), fixed, { robust: true });
chart("Accuracy on masked tokens", noisy(data.steps.accuracy).concat(data.evaluations.accuracy.length ? heldOutSeries(data.evaluations.accuracy) : []), percent);
chart("Learning rate", [{ points: data.steps.learning_rate, colour: "var(--a)" }], rate, { zero: true });
chart("Gradient norm before clipping", noisy(data.steps.gradient_norm), short, { robust: true, zero: true });
chart("Tokens per second", [{ points: data.steps.tokens_per_s, colour: "var(--a)" }], short, { zero: true });
chart("Share of the machine's peak", [{ points: data.steps.share_of_peak.filter(p => p[1] > 0), colour: "var(--a)" }], percent, { zero: true });
if (data.guesses.length) {
  const card = at("guesses"); card.hidden = false;
  data.guesses[0].sentences.forEach((first, index) => {
    const line = make(card, "div", undefined, "sentence");
    first.sentence.split("[MASK]").forEach((part, i) => { if (i) make(line, "mark", "[MASK]"); line.append(part); });
    const table = make(card, "table"), header = make(table, "tr");
    make(header, "th", "step"); make(header, "th", "best guesses");
    for (const record of data.guesses) {
      const sentence = record.sentences[index];
      if (!sentence) continue;
      sentence.masks.forEach((guesses, mask) => {
        const row = make(table, "tr");
        make(row, "td", mask ? "" : record.step.toLocaleString("en"), "n");
        const cell = make(row, "td");
        for (const guess of guesses) {
          const chip = make(cell, "span", undefined, "g");
          chip.style.setProperty("--p", (100 * guess.probability).toFixed(1) + "%");
          chip.append(guess.token.replace(/^ /, "␣"));
          make(chip, "em", guess.probability.toFixed(2));
        }
      });
    }
  });
}
</script>
</body>
</html>
)html";

}  // namespace modernbert
