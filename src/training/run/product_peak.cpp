#include "training/run/product_peak.h"

#include <algorithm>
#include <vector>

#include "ops/matmul/block_product.h"
#include "ops/peak/peak.h"

namespace modernbert {
namespace {

// a, b and c together fit half of a 1 MiB cache.
constexpr int64_t kRows = 128, kCols = 128, kDepth = 512;

// FLOP/s of block products.
template <class E>
double block_peak(int threads) {
  return best_rate([threads](int64_t products) {
    double flops = 0;
#pragma omp parallel num_threads(threads) reduction(+ : flops)
    {
      const std::vector<E> a(kRows * kDepth), b(kDepth * kCols);
      std::vector<float> c(kRows * kCols);
      const BlockProductScope scope;
      const BlockProduct<E> product{a.data(), kDepth, b.data(), c.data(), kCols, kRows, kCols, kDepth, true};
      for (int64_t i = 0; i < products; ++i) multiply_blocks(product);
      flops += 2.0 * kRows * kCols * kDepth * static_cast<double>(products);
    }
    return flops;
  });
}

}  // namespace

double product_peak_flops(ComputeType dtype, int threads) {
  if (dtype == ComputeType::kFp32)
    return std::max(1e9 * measured_peak_gflops(GemmType::kFp32, threads), block_peak<float>(threads));
  return std::max(1e9 * measured_peak_gflops(GemmType::kBf16, threads), block_peak<Bf16>(threads));
}

}  // namespace modernbert
