#include <string>
#include <utility>

#include "core/fail.h"
#include "modernbert/rerank.h"
#include "verify/case_texts.h"
#include "verify/text_cases.h"

namespace modernbert {
namespace {

RerankOptions read_rerank_options(const JsonObject& json) {
  RerankOptions options;
  options.long_input.max_length = static_cast<int32_t>(json.integer("max_length", 0, 0, 1 << 24));
  return options;
}

void compare_tokens(const CaseFolder& folder, const CaseSpec& spec, const Model& model,
                    const TextPairs& pairs, int max_length, CaseReport& report) {
  const auto expected = expected_ids(folder, spec);
  if (expected.empty()) return;
  if (expected.size() != pairs.size()) {
    return report.mismatch(fmt::format("input_ids of {} pairs, want {}", expected.size(), pairs.size()));
  }
  const int limit = max_length == 0 ? model.max_length() : max_length;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const auto encoding =
        model.tokenizer().encode_pair(pairs[i].first, pairs[i].second, {.max_length = limit});
    compare_ids(fmt::format("pair {}", i), encoding.ids, expected[i], report);
  }
}

// bar: how far a score may be off. Two documents may change places where their expected scores differ by less
// than both of their errors.
void compare_ranking(const JsonObject& rank, const Rerank& rerank, const RerankOptions& options, double bar,
                     CaseReport& report) {
  const auto documents = read_texts(rank, "documents");
  const auto order = read_integers(rank, "order");
  const Json* scores = rank.find("scores");
  if (scores == nullptr || !scores->is_array() || scores->size() != order.size())
    rank.reject("scores", "a score per rank");
  std::vector<float> expected(documents.size());  // by document
  for (size_t i = 0; i < order.size(); ++i) {
    if (order[i] < 0 || static_cast<size_t>(order[i]) >= documents.size())
      rank.reject("order", "document numbers");
    if (!(*scores)[i].is_number()) rank.reject("scores", "numbers");
    expected[order[i]] = (*scores)[i].get<float>();
  }
  const auto ranked = rerank(rank.string("query", ""), documents, options);
  if (ranked.size() != order.size()) {
    return report.mismatch(fmt::format("{} documents ranked, want {}", ranked.size(), order.size()));
  }
  std::vector<float> actual(documents.size());
  for (size_t i = 0; i < ranked.size(); ++i) {
    actual[ranked[i].index] = ranked[i].score;
    if (i > 0 && expected[ranked[i].index] > expected[ranked[i - 1].index] + 2 * bar) {
      report.mismatch(
          fmt::format("rank {} is document {}, want {}", i - 1, ranked[i - 1].index, order[i - 1]));
    }
  }
  report.compare("rank.scores", actual, expected, {.max_abs = bar});
}

}  // namespace

void run_rerank_case(const CaseFolder& folder, const CaseSpec& spec, const Model& model, CaseReport& report) {
  const JsonObject json(spec.json, folder.source() + ": " + spec.name);
  const auto pairs = read_text_pairs(json, "pairs");
  RerankOptions options = read_rerank_options(json);
  compare_tokens(folder, spec, model, pairs, options.long_input.max_length, report);
  const Rerank rerank(model);
  for (const ExpectedOutput& output : spec.outputs) {
    if (output.name != "scores" && output.name != "logits") {
      fail(ErrorCode::kUnsupported, "{}: output {} of head cross_encoder is not implemented", json.source(),
           output.name);
    }
    options.raw_scores = output.name == "logits";
    const Tensor& expected = require_tensor(folder, spec, output.tensor);
    report.compare(output, rerank.scores(pairs, options), expected);
    const auto rank = json.object("rank");
    if (output.name == "scores" && rank) {
      compare_ranking(*rank, rerank, options, bars_of(output, report.dtype()).max_abs, report);
    }
  }
}

}  // namespace modernbert
