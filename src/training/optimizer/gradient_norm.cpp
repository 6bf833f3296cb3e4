#include "training/optimizer/gradient_norm.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace modernbert {
namespace {

constexpr int64_t kSummedTogether = 1 << 16;
constexpr size_t kChains = 8;

// Several chains hide the latency of additions; their number is part of the result's bits.
double sum_of_squares(const float* x, int64_t count) {
  std::array<double, kChains> sums{};
  int64_t i = 0;
  for (; i + static_cast<int64_t>(kChains) <= count; i += kChains) {
    for (size_t k = 0; k < kChains; ++k) sums[k] += static_cast<double>(x[i + k]) * x[i + k];
  }
  for (; i < count; ++i) sums[0] += static_cast<double>(x[i]) * x[i];
  double sum = 0;
  for (const double s : sums) sum += s;
  return sum;
}

}  // namespace

double gradient_norm(std::span<const float> gradient, int threads) {
  const auto size = static_cast<int64_t>(gradient.size());
  std::vector<double> sums(static_cast<size_t>((size + kSummedTogether - 1) / kSummedTogether));
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t part = 0; part < sums.size(); ++part) {
    const int64_t begin = static_cast<int64_t>(part) * kSummedTogether;
    sums[part] = sum_of_squares(gradient.data() + begin, std::min(kSummedTogether, size - begin));
  }
  double sum = 0;
  for (const double s : sums) sum += s;
  return std::sqrt(sum);
}

double clip_factor(double norm, double limit) {
  // 1e-6: as torch.nn.utils.clip_grad_norm_.
  return limit > 0 ? std::min(1.0, limit / (norm + 1e-6)) : 1.0;
}

}  // namespace modernbert
