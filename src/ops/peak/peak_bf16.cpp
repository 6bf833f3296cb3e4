// Intrinsics because Highway 1.0 lacks the bf16 dot product; compiled with its own flags, called behind
// cpu_has_bf16().
#include "ops/peak/peak_bf16.h"

#if defined(__AVX512BF16__)
#include <immintrin.h>

namespace modernbert {

double bf16_chains(int64_t rounds) {
  constexpr int kChains = 12, kFlopsPerInstruction = 64;
  const auto a = reinterpret_cast<__m512bh>(_mm512_set1_epi32(0x3F803F80));  // 1.0 in every lane
  __m512 sums[kChains] = {};
  for (int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (auto& sum : sums) {
      sum = _mm512_dpbf16_ps(sum, a, a);
      asm volatile("" : "+v"(sum));  // keeps each chain in a register of its own
    }
  }
  // The sums are positive; looking at one keeps the loop from being removed.
  return _mm512_cvtss_f32(sums[0]) > 0
             ? static_cast<double>(kChains * kFlopsPerInstruction) * static_cast<double>(rounds)
             : 0.0;
}

}  // namespace modernbert
#else
namespace modernbert {

double bf16_chains(int64_t) {
  return 0;
}

}  // namespace modernbert
#endif
