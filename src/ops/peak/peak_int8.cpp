// Intrinsics because Highway 1.0 lacks the int8 dot product; compiled with its own flags, called behind
// cpu_has_vnni().
#include "ops/peak/peak_int8.h"

#if defined(__AVX512VNNI__)
#include <immintrin.h>

namespace modernbert {

double int8_chains(int64_t rounds) {
  constexpr int kChains = 12, kOpsPerInstruction = 128;
  const __m512i a = _mm512_set1_epi8(1);
  __m512i sums[kChains] = {};
  for (int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (auto& sum : sums) {
      sum = _mm512_dpbusd_epi32(sum, a, a);
      asm volatile("" : "+v"(sum));  // keeps each chain in a register of its own
    }
  }
  // The sums are positive; looking at one keeps the loop from being removed.
  return _mm512_reduce_add_epi32(sums[0]) != 0
             ? static_cast<double>(kChains * kOpsPerInstruction) * static_cast<double>(rounds)
             : 0.0;
}

}  // namespace modernbert
#else
namespace modernbert {

double int8_chains(int64_t) {
  return 0;
}

}  // namespace modernbert
#endif
