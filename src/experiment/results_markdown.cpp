#include <fmt/format.h>

#include <algorithm>

#include "core/utf8.h"
#include "experiment/results_files.h"
#include "training/report/step_line.h"

namespace modernbert {
namespace {

constexpr const char* kUnknown = "–";

using Row = std::vector<std::string>;

// The first column to the left, numbers to the right.
std::string aligned_table(const std::vector<Row>& rows) {
  std::vector<size_t> widths(rows.front().size(), 3);
  for (const Row& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], count_code_points(row[c]));
  }
  std::string text;
  const auto add_line = [&](const Row& cells) {
    for (size_t c = 0; c < cells.size(); ++c) {
      const std::string padding(widths[c] - count_code_points(cells[c]), ' ');
      text += fmt::format("| {}{} ", c == 0 ? cells[c] : padding, c == 0 ? padding : cells[c]);
    }
    text += "|\n";
  };
  add_line(rows.front());
  for (size_t c = 0; c < widths.size(); ++c)
    text += fmt::format("| {:-<{}}{} ", "", widths[c] - 1, c == 0 ? '-' : ':');
  text += "|\n";
  std::for_each(rows.begin() + 1, rows.end(), add_line);
  return text;
}

std::string text_of(const std::optional<Spread>& spread, bool sign = false) {
  if (!spread) return kUnknown;
  const std::string text = sign ? fmt::format("{:+.3f}", spread->mean) : fmt::format("{:.3f}", spread->mean);
  return spread->count > 1 ? fmt::format("{} ± {:.3f}", text, spread->deviation) : text;
}

std::string loss_text(const VariantResult& variant) {
  if (variant.loss()) return text_of(variant.loss());
  const auto failed = [](const RunResult& run) { return run.outcome.status == RunStatus::kFailed; };
  return std::ranges::any_of(variant.runs, failed) ? "failed" : kUnknown;
}

std::string speed_text(double tokens_per_s) {
  return tokens_per_s > 0 ? count_text(tokens_per_s) : kUnknown;
}

std::string inference_text(const VariantResult& variant, int32_t length) {
  const auto speed = std::ranges::find(variant.inference, length, &InferenceSpeed::length);
  return speed == variant.inference.end() ? kUnknown : speed_text(speed->tokens_per_s);
}

Row header(const ExperimentResults& results) {
  Row row = {"variant", "held-out loss", "difference", "training tok/s"};
  for (const int32_t length : results.inference_lengths) row.push_back(fmt::format("tok/s at {}", length));
  row.insert(row.end(), {"memory", "parameters", "tokens", "time"});
  return row;
}

Row row_of(const ExperimentResults& results, const VariantResult& variant) {
  const bool is_first = &variant == &results.variants.front();
  const auto speed = variant.tokens_per_s(), seconds = variant.seconds();
  const double peak = variant.peak_bytes();
  Row row = {variant.name, loss_text(variant), is_first ? "" : text_of(results.difference(variant), true),
             speed_text(speed ? speed->mean : 0)};
  for (const int32_t length : results.inference_lengths) row.push_back(inference_text(variant, length));
  row.push_back(peak > 0 ? fmt::format("{:.0f} MB", peak * 1e-6) : kUnknown);
  row.push_back(count_text(static_cast<double>(variant.parameters)));
  row.push_back(count_text(static_cast<double>(variant.tokens)));
  row.push_back(seconds ? duration_text(seconds->mean) : kUnknown);
  return row;
}

// What the variants are, and what the table does not say about them.
std::string remarks(const VariantResult& variant) {
  std::string text =
      fmt::format("- `{}`: {}", variant.name,
                  variant.from.empty() ? "the base recipe" : fmt::format("`{}`", variant.from));
  if (!variant.changes.empty()) text += fmt::format(" with `{}`", fmt::join(variant.changes, "`, `"));
  text += "\n";
  for (const std::string& note : variant.notes) text += fmt::format("  - {}\n", note);
  for (const RunResult& run : variant.runs) {
    if (!run.outcome.error.empty())
      text += fmt::format("  - seed {} failed: {}\n", run.seed, run.outcome.error);
  }
  for (const InferenceSpeed& speed : variant.inference) {
    if (!speed.remark.empty()) text += fmt::format("  - no speed at {}: {}\n", speed.length, speed.remark);
  }
  return text;
}

}  // namespace

std::string results_markdown(const ExperimentResults& results) {
  std::string text =
      fmt::format("# {}\n\nBase `{}`, equal {}; seeds {}; {}.\n\n", results.name, results.base_name,
                  results.budget == BudgetKind::kFlops ? "FLOPs" : to_string(results.budget),
                  fmt::join(results.seeds, ", "), results.machine);
  std::vector<Row> rows = {header(results)};
  for (const VariantResult& variant : results.variants) rows.push_back(row_of(results, variant));
  text += aligned_table(rows);
  text +=
      "\nLoss: nats a masked token, of the same held-out text for all, at the end; ± is the standard "
      "deviation "
      "over\nseeds. Difference: to the first variant, seed by seed. Training tok/s: the median step. Tok/s "
      "at N: "
      "forward\npasses over 8192 tokens in texts of N. Memory: the process's peak while training. Time: of "
      "training "
      "steps.\n\n";
  for (const VariantResult& variant : results.variants) text += remarks(variant);
  return text;
}

}  // namespace modernbert
