#include "experiment/data_differences.h"

#include <fmt/format.h>

#include <algorithm>

namespace modernbert {
namespace {

constexpr const char* kOtherMasks = "the same text in the same order, under other masks";
constexpr const char* kOtherMeasure = "other text is held out or masked: its loss cannot be compared";
constexpr const char* kOtherRows = "the same windows, in the order of the stream";

bool same_sources(const Recipe& a, const Recipe& b) {
  return std::ranges::equal(a.data.sources, b.data.sources, [](const DataSource& x, const DataSource& y) {
    return x.path == y.path && x.weight == y.weight;
  });
}

}  // namespace

std::vector<std::string> data_differences(const Recipe& first, const Recipe& other) {
  std::vector<std::string> notes;
  const auto note = [&notes](bool differs, const char* field, const char* meaning) {
    if (differs) notes.push_back(fmt::format("{}: {}", field, meaning));
  };
  const DataRecipe &a = first.data, &b = other.data;
  note(a.mask_probability != b.mask_probability, "data.mask_probability", kOtherMasks);
  note(a.packing != b.packing, "data.packing", kOtherRows);
  // Held-out text is cut and masked by the same fields.
  note(!same_sources(first, other), "data.sources", kOtherMeasure);
  note(first.tokenizer != other.tokenizer, "tokenizer", kOtherMeasure);
  note(a.sequence_length != b.sequence_length, "data.sequence_length", kOtherMeasure);
  note(a.mask_share != b.mask_share, "data.mask_share", kOtherMeasure);
  note(a.random_share != b.random_share, "data.random_share", kOtherMeasure);
  note(a.whole_words != b.whole_words, "data.whole_words", kOtherMeasure);
  note(first.batch.micro_batch != other.batch.micro_batch, "batch.micro_batch",
       "rows are packed in other groups, and the held-out text is cut elsewhere");
  return notes;
}

}  // namespace modernbert
