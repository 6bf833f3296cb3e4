#include "training/run/product_peak.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "ops/block_product.h"
#include "ops/peak.h"

namespace modernbert {
namespace {

using Clock = std::chrono::steady_clock;

// a, b and c together fit half of a 1 MiB cache.
constexpr int64_t kRows = 128, kCols = 128, kDepth = 512;
constexpr int kRounds = 8, kProducts = 64;

// FLOP/s of block products, the best of several rounds.
template <class E>
double block_peak(int threads) {
  double best = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = Clock::now();
#pragma omp parallel num_threads(threads)
    {
      const std::vector<E> a(kRows * kDepth), b(kDepth * kCols);
      std::vector<float> c(kRows * kCols);
      const BlockProductScope scope;
      const BlockProduct<E> product{a.data(), kDepth, b.data(), c.data(), kCols, kRows, kCols, kDepth, true};
      for (int i = 0; i < kProducts; ++i) multiply_blocks(product);
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::max(best, 2.0 * kRows * kCols * kDepth * kProducts * threads / seconds);
  }
  return best;
}

}  // namespace

double product_peak_flops(ComputeType dtype, int threads) {
  if (dtype == ComputeType::kFp32)
    return std::max(1e9 * measured_peak_gflops(GemmType::kFp32, threads), block_peak<float>(threads));
  return std::max(1e9 * measured_peak_gflops(GemmType::kBf16, threads), block_peak<Bf16>(threads));
}

}  // namespace modernbert
