#include "model/row_order.h"

#include <algorithm>

namespace modernbert {
namespace {

void copy_row(const LinearParams& from, int64_t row, int64_t to_row, LinearParams& to) {
  std::ranges::copy(from.weight.row(row), to.weight.row(to_row).begin());
  if (!from.bias.empty()) to.bias[static_cast<size_t>(to_row)] = from.bias[static_cast<size_t>(row)];
}

// order[j]: which of a head's numbers comes to place j.
std::vector<int64_t> rotation_order(int64_t dim, int64_t rotated, bool interleaved) {
  const int64_t pairs = rotated / 2, half = dim / 2;
  std::vector<int64_t> order(static_cast<size_t>(dim));
  int64_t next = rotated;
  for (int64_t j = 0; j < half; ++j) {
    const bool turns = j < pairs;
    const int64_t first = interleaved ? 2 * j : j;
    order[static_cast<size_t>(j)] = turns ? first : next++;
    order[static_cast<size_t>(j + half)] = turns ? first + (interleaved ? 1 : pairs) : next++;
  }
  return order;
}

}  // namespace

LinearParams interleave_gates(const LinearParams& params) {
  const int64_t size = params.weight.rows() / 2, half = kGateGroup / 2;
  LinearParams mixed{Matrix(2 * size, params.weight.cols()), std::vector<float>(params.bias.size())};
  int64_t row = 0;
  for (int64_t begin = 0; begin < size; begin += half) {
    for (const int64_t first : {begin, size + begin}) {
      for (int64_t i = first; i < first + std::min(half, size - begin); ++i)
        copy_row(params, i, row++, mixed);
    }
  }
  return mixed;
}

LinearParams order_for_rotation(LinearParams params, const EncoderConfig& config, const LayerConfig& layer) {
  const int64_t dim = config.head_dim(), rotated = config.rope_dim(layer);
  if (rotated == 0 || (rotated == dim && !config.rope_interleaved)) return params;
  const std::vector<int64_t> order = rotation_order(dim, rotated, config.rope_interleaved);
  LinearParams ordered{Matrix(params.weight.rows(), params.weight.cols()),
                       std::vector<float>(params.bias.size())};
  const int64_t values = 2 * int64_t{config.hidden_size};
  for (int64_t row = 0; row < params.weight.rows(); ++row) {
    const int64_t place = row % dim;
    copy_row(params, row < values ? row - place + order[static_cast<size_t>(place)] : row, row, ordered);
  }
  return ordered;
}

}  // namespace modernbert
