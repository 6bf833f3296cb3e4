#include "measure/design_budget.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "core/fail.h"

namespace modernbert {
namespace {

constexpr int32_t kStep = 64, kMinHidden = 256, kMaxHidden = 1536;
constexpr double kRatios[] = {1.5, 2, 2.5, 3, 4};
// Published encoders have between 32 (MiniLM with 12 layers of 384) and 64 (BERT-base) of hidden size per
// layer, ModernBERT 35 to 37. Without bounds the widest and flattest shape always wins: rows of the
// vocabulary are parameters that cost no time.
constexpr int32_t kMinHiddenPerLayer = 20, kMaxHiddenPerLayer = 64;
constexpr double kMaxParameters = 1e12;

double unit_factor(char unit) {
  switch (unit) {
    case 'K':
    case 'k':
      return 1e3;
    case 'M':
    case 'm':
      return 1e6;
    case 'B':
    case 'b':
    case 'G':
      return 1e9;
    default:
      return 0;
  }
}

LayerRange suitable_depths(int32_t hidden, const LayerRange& asked) {
  return {std::max(asked.least, (hidden + kMaxHiddenPerLayer - 1) / kMaxHiddenPerLayer),
          std::min(asked.most, hidden / kMinHiddenPerLayer)};
}

}  // namespace

int64_t parse_parameter_count(std::string_view text) {
  std::string_view digits = text;
  double factor = 1;
  if (!digits.empty() && unit_factor(digits.back()) > 0) {
    factor = unit_factor(digits.back());
    digits.remove_suffix(1);
  }
  double number = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::fixed);
  const double count = std::round(number * factor);
  const bool is_number = error == std::errc() && end == digits.data() + digits.size();
  if (!is_number || !(count >= 1 && count <= kMaxParameters)) {
    fail(ErrorCode::kInvalidArgument, "parameters is \"{}\", want a count like 150M, 1.2B or 395000000",
         text);
  }
  return static_cast<int64_t>(count);
}

std::vector<Width> widths(const LayerRange& layers) {
  std::vector<Width> list;
  for (int32_t hidden = kMinHidden; hidden <= kMaxHidden; hidden += kStep) {
    const LayerRange depths = suitable_depths(hidden, layers);
    if (depths.least > depths.most) continue;
    std::set<int32_t> intermediates;
    for (const double ratio : kRatios)
      intermediates.insert(kStep * static_cast<int32_t>(std::lround(ratio * hidden / kStep)));
    for (const int32_t intermediate : intermediates) list.push_back({hidden, intermediate, depths});
  }
  return list;
}

std::vector<EncoderShape> shapes_with_parameters(int64_t parameters, const LayerRange& layers) {
  std::vector<EncoderShape> shapes;
  const auto distance = [parameters](const EncoderShape& shape) {
    return std::abs(parameters_of(shape) - parameters);
  };
  for (const Width& width : widths(layers)) {
    EncoderShape best = width.with_layers(width.layers.least);
    for (int32_t depth = width.layers.least + 1; depth <= width.layers.most; ++depth) {
      if (distance(width.with_layers(depth)) < distance(best)) best = width.with_layers(depth);
    }
    if (static_cast<double>(distance(best)) <= kParameterTolerance * static_cast<double>(parameters))
      shapes.push_back(best);
  }
  return shapes;
}

}  // namespace modernbert
