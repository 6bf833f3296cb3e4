#include "ops/peak/peak.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "ops/cpu/amx_unit.h"
#include "ops/cpu/cpu_features.h"
#include "ops/panel/panel_kernel_amx.h"
#include "ops/peak/peak_bf16.h"
#include "ops/peak/peak_int8.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/peak/peak.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/panel/byte_product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Hide the latency of a multiply-add on every CPU we know; larger ones with NEON begin four at a time.
constexpr int kChains = HWY_TARGET == HWY_NEON ? 16 : 12;

// Returns the FLOPs done.
double fp32_chains(int64_t rounds) {
  const hn::ScalableTag<float> d;
  const auto a = hn::Set(d, 0.999f), b = hn::Set(d, 0.001f);
  hn::Vec<decltype(d)> chains[kChains];
  // Different starts: equal chains would be merged into one.
  for (int i = 0; i < kChains; ++i) chains[i] = hn::Set(d, static_cast<float>(i));
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16
    for (auto& chain : chains) chain = hn::MulAdd(chain, a, b);
  }
  auto sum = hn::Zero(d);
  for (const auto& chain : chains) sum = hn::Add(sum, chain);
  // The sum is positive; testing it keeps the loop from being removed.
  const bool alive = hn::GetLane(sum) > 0;
  return alive ? 2.0 * kChains * static_cast<double>(rounds) * static_cast<double>(hn::Lanes(d)) : 0.0;
}

// The same for int8.   step(tag, chain): the chain plus `products` products in each lane.
template <class Step>
HWY_INLINE double int32_chains(int64_t rounds, int products, Step step) {
  const hn::ScalableTag<int32_t> d;
  hn::Vec<decltype(d)> chains[kChains];
  for (int i = 0; i < kChains; ++i) chains[i] = hn::Set(d, i);
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16
    for (auto& chain : chains) chain = step(d, chain);
  }
  auto sum = hn::Zero(d);
  for (const auto& chain : chains) sum = hn::Xor(sum, chain);
  asm volatile("" : : "r"(hn::GetLane(sum)));  // a use, so that the loop is not removed
  return 2.0 * products * kChains * static_cast<double>(rounds) * static_cast<double>(hn::Lanes(d));
}

// Without instructions for int8.
double pair_chains(int64_t rounds) {
  return int32_chains(rounds, 2, [](auto d, auto chain) HWY_ATTR {
    add_pair_products(d, chain, hn::Set(d, 0x00010001), chain);
    return chain;
  });
}

#if HWY_TARGET == HWY_AVX2
double byte_chains(int64_t rounds) {
  return int32_chains(rounds, 4, [](auto d, auto chain) HWY_ATTR {
    add_byte_products(chain, hn::Set(d, 0x01010101), chain);
    return chain;
  });
}
#endif

// Sum of count floats; count is a multiple of 64.
float sum_floats(const float* x, size_t count) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  auto s0 = hn::Zero(d), s1 = hn::Zero(d), s2 = hn::Zero(d), s3 = hn::Zero(d);
  for (size_t i = 0; i + 4 * lanes <= count; i += 4 * lanes) {
    s0 = hn::Add(s0, hn::Load(d, x + i));
    s1 = hn::Add(s1, hn::Load(d, x + i + lanes));
    s2 = hn::Add(s2, hn::Load(d, x + i + 2 * lanes));
    s3 = hn::Add(s3, hn::Load(d, x + i + 3 * lanes));
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace modernbert {
namespace {

HWY_EXPORT(fp32_chains);
HWY_EXPORT(pair_chains);
HWY_EXPORT(sum_floats);

// Of one round: a few microseconds.
constexpr int64_t kChainRounds = 1000;

double run_matrix_unit(GemmType type, int64_t rounds) {
  const AmxScope unit;
  return type == GemmType::kInt8 ? amx_int8_chains(rounds) : amx_bf16_chains(rounds);
}

bool has_matrix_unit(GemmType type) {
  return (type == GemmType::kBf16 && cpu_has_amx_bf16()) || (type == GemmType::kInt8 && cpu_has_amx_int8());
}

double run_chains(GemmType type, int64_t rounds) {
  if (has_matrix_unit(type)) return run_matrix_unit(type, rounds);
  if (type == GemmType::kBf16 && cpu_has_bf16()) return bf16_chains(rounds);
  if (type == GemmType::kInt8 && cpu_has_vnni()) return int8_chains(rounds);
#if HWY_TARGETS & HWY_AVX2
  if (type == GemmType::kInt8 && cpu_has_avx_vnni()) return N_AVX2::byte_chains(rounds);
#endif
  if (type == GemmType::kInt8) return HWY_DYNAMIC_DISPATCH(pair_chains)(rounds);
  return HWY_DYNAMIC_DISPATCH(fp32_chains)(rounds);
}

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

double best_rate(const std::function<double(int64_t)>& work, int runs) {
  constexpr double kShortestRun = 0.0125;
  double best = 0;
  int64_t rounds = 1;
  for (int run = 0; run < runs;) {
    double done = 0;
    const double seconds = seconds_of([&] { done = work(rounds); });
    if (seconds < kShortestRun) {
      rounds *= 2;
      continue;
    }
    best = std::max(best, done / seconds);
    ++run;
  }
  return best;
}

double measured_peak_gflops(GemmType type, int threads, int runs) {
  const auto chains = [&](int64_t rounds) {
    double flops = 0;
#pragma omp parallel num_threads(threads) reduction(+ : flops)
    flops += run_chains(type, kChainRounds * rounds);
    return flops;
  };
  return 1e-9 * best_rate(chains, runs);
}

double measured_read_bandwidth(int threads) {
  constexpr int kRuns = 6;
  constexpr size_t kFloats = size_t{1} << 26;  // 256 MiB
  AlignedBuffer<float> buffer(kFloats);
  const size_t part = kFloats / static_cast<size_t>(threads) / 64 * 64;
  double best = 0;
  float sum = 0;
#pragma omp parallel for num_threads(threads) schedule(static, 1)
  for (int t = 0; t < threads; ++t) std::fill_n(buffer.data() + static_cast<size_t>(t) * part, part, 1.0f);
  for (int run = 0; run < kRuns; ++run) {
    const auto begin = std::chrono::steady_clock::now();
#pragma omp parallel for num_threads(threads) schedule(static, 1) reduction(+ : sum)
    for (int t = 0; t < threads; ++t)
      sum += HWY_DYNAMIC_DISPATCH(sum_floats)(buffer.data() + static_cast<size_t>(t) * part, part);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    best = std::max(best, static_cast<double>(part) * threads * sizeof(float) / seconds.count() * 1e-9);
  }
  return sum > 0 ? best : 0;
}

}  // namespace modernbert
#endif
