#include "tasks/sentence_transformers/pooling.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/check.h"
#include "core/fail.h"
#include "tasks/sentence_transformers/module.h"

namespace modernbert {
namespace {

struct ModeName {
  PoolingMode mode;
  std::string_view name;     // in pooling_mode
  std::string_view boolean;  // the older field
};
// In the order in which the booleans' results are concatenated.
constexpr std::array<ModeName, 6> kModes{{
    {PoolingMode::kCls, "cls", "pooling_mode_cls_token"},
    {PoolingMode::kMax, "max", "pooling_mode_max_tokens"},
    {PoolingMode::kMean, "mean", "pooling_mode_mean_tokens"},
    {PoolingMode::kMeanSqrtLength, "mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens"},
    {PoolingMode::kWeightedMean, "weightedmean", "pooling_mode_weightedmean_tokens"},
    {PoolingMode::kLastToken, "lasttoken", "pooling_mode_lasttoken"},
}};

PoolingMode parse_mode(const JsonObject& config, const Json& value) {
  std::string choices;
  for (const ModeName& mode : kModes) {
    if (value == mode.name) return mode.mode;
    choices += (choices.empty() ? "" : ", ") + std::string(mode.name);
  }
  fail(ErrorCode::kUnsupported, "{}: pooling_mode is {}, want one of {}", config.source(), brief(value),
       choices);
}

void copy_row(MatView<const float> rows, int64_t row, std::span<float> out) {
  std::copy_n(rows.row_data(row), out.size(), out.data());
}

void max_rows(MatView<const float> rows, int64_t skip, std::span<float> out) {
  copy_row(rows, skip, out);
  for (int64_t i = skip + 1; i < rows.rows; ++i) {
    const float* row = rows.row_data(i);
    for (size_t j = 0; j < out.size(); ++j) out[j] = std::max(out[j], row[j]);
  }
}

// sum over rows of weight(row) * row / divisor(sum of weights)
template <class Weight, class Divisor>
void weighted_sum(MatView<const float> rows, int64_t skip, Weight weight, Divisor divisor,
                  std::span<float> out) {
  std::vector<double> sums(out.size());
  double weights = 0;
  for (int64_t i = skip; i < rows.rows; ++i) {
    const float* row = rows.row_data(i);
    const double w = weight(i);
    weights += w;
    for (size_t j = 0; j < out.size(); ++j) sums[j] += w * row[j];
  }
  const double scale = divisor(weights);
  for (size_t j = 0; j < out.size(); ++j) out[j] = static_cast<float>(sums[j] / scale);
}

class Pooling : public Module {
 public:
  Pooling(std::vector<PoolingMode> modes, bool include_prompt)
      : modes_(std::move(modes)), include_prompt_(include_prompt) {}

  void apply(Features& features) const override {
    const Matrix& tokens = features.values.at(kTokenEmbeddings);
    const auto sequences = static_cast<int64_t>(features.cu_seqlens.size()) - 1;
    const auto width = static_cast<size_t>(tokens.cols());
    Matrix pooled(sequences, static_cast<int64_t>(modes_.size() * width));
    for (int64_t b = 0; b < sequences; ++b) {
      const int32_t begin = features.cu_seqlens[b];
      const auto rows = tokens.view().slice_rows(begin, features.cu_seqlens[b + 1] - begin);
      const int32_t skip = include_prompt_ || features.prompt_rows.empty() ? 0 : features.prompt_rows[b];
      for (size_t m = 0; m < modes_.size(); ++m) {
        pool(modes_[m], rows, skip, pooled.row(b).subspan(m * width, width));
      }
    }
    features.values[kSentenceEmbedding] = std::move(pooled);
  }

 private:
  std::vector<PoolingMode> modes_;
  bool include_prompt_;
};

}  // namespace

void pool(PoolingMode mode, MatView<const float> rows, int32_t skip, std::span<float> out) {
  MB_CHECK(rows.rows >= 1 && rows.cols == static_cast<int64_t>(out.size()) && skip >= 0);
  const auto one = [](int64_t) { return 1.0; };
  const bool nothing_left = skip >= rows.rows;
  if (nothing_left) {
    // The prompt alone has more tokens than prompt and text together. The means of nothing are 0 in
    // sentence-transformers, its first token is row 0; its maximum, minus infinity, is 0 here.
    std::fill(out.begin(), out.end(), 0.0f);
    if (mode == PoolingMode::kCls) copy_row(rows, 0, out);
    return;
  }
  switch (mode) {
    case PoolingMode::kCls:
      return copy_row(rows, skip, out);
    case PoolingMode::kMax:
      return max_rows(rows, skip, out);
    case PoolingMode::kMean:
      return weighted_sum(
          rows, skip, one, [](double n) { return n; }, out);
    case PoolingMode::kMeanSqrtLength:
      return weighted_sum(
          rows, skip, one, [](double n) { return std::sqrt(n); }, out);
    case PoolingMode::kWeightedMean:  // weights count from the first row, skipped or not
      return weighted_sum(
          rows, skip, [](int64_t i) { return static_cast<double>(i + 1); }, [](double n) { return n; }, out);
    case PoolingMode::kLastToken:
      return copy_row(rows, rows.rows - 1, out);
  }
}

std::vector<PoolingMode> read_pooling_modes(const JsonObject& config) {
  std::vector<PoolingMode> modes;
  if (const Json* value = config.find("pooling_mode")) {
    if (!value->is_array()) return {parse_mode(config, *value)};
    for (const Json& name : *value) modes.push_back(parse_mode(config, name));
    if (modes.empty()) config.reject("pooling_mode", "at least one mode");
    return modes;
  }
  for (const ModeName& mode : kModes) {
    if (config.boolean(std::string(mode.boolean), false)) modes.push_back(mode.mode);
  }
  if (modes.empty()) modes.push_back(PoolingMode::kMean);
  return modes;
}

std::unique_ptr<Module> make_pooling(const ModuleContext& context, FeatureWidths& widths) {
  const ModuleConfig config(context.entry);
  const JsonObject& fields = config.fields();
  const int64_t width = require_width(context, widths, kTokenEmbeddings);
  const std::string name =
      fields.has("embedding_dimension") ? "embedding_dimension" : "word_embedding_dimension";
  if (fields.integer(name, width, 1, 1 << 24) != width) {
    fields.reject(name, fmt::format("{}, the width of the token embeddings", width));
  }
  std::vector<PoolingMode> modes = read_pooling_modes(fields);
  widths[kSentenceEmbedding] = width * static_cast<int64_t>(modes.size());
  return std::make_unique<Pooling>(std::move(modes), fields.boolean("include_prompt", true));
}

}  // namespace modernbert
