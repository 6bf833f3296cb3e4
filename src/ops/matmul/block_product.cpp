#include "ops/matmul/block_product.h"

#include "ops/cpu/cpu_features.h"
#include "ops/matmul/block_product_amx.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/matmul/block_product.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int64_t kRows = 4, kVectors = 2;

using Tag = hn::CappedTag<float, 16>;
using Sums = hn::Vec<Tag>;

// Adds row k (fp32) or rows k and k+1 (bf16, an interleaved pair) to the sums of kRows x kVectors vectors.
HWY_INLINE int64_t add_step(const BlockProduct<float>& op, int64_t i, int64_t j, int64_t k,
                            Sums (*sums)[kVectors]) {
  const Tag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t v = 0; v < kVectors; ++v) {
    const auto b = hn::LoadU(d, op.b + k * op.n + j + v * lanes);
    for (int64_t r = 0; r < kRows; ++r)
      sums[r][v] = hn::MulAdd(hn::Set(d, op.a[(i + r) * op.a_step + k]), b, sums[r][v]);
  }
  return 1;
}

HWY_INLINE int64_t add_step(const BlockProduct<Bf16>& op, int64_t i, int64_t j, int64_t k,
                            Sums (*sums)[kVectors]) {
  const Tag d;
  const hn::RebindToUnsigned<Tag> du;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t v = 0; v < kVectors; ++v) {
    const auto* words = reinterpret_cast<const uint32_t*>(op.b + k * op.n) + j + v * lanes;
    const auto pair = hn::LoadU(du, words);
    const auto even = hn::BitCast(d, hn::ShiftLeft<16>(pair));
    const auto odd = hn::BitCast(d, hn::And(pair, hn::Set(du, 0xFFFF0000U)));
    for (int64_t r = 0; r < kRows; ++r) {
      const Bf16* a = op.a + (i + r) * op.a_step + k;
      sums[r][v] = hn::MulAdd(hn::Set(d, to_float(a[0])), even, sums[r][v]);
      sums[r][v] = hn::MulAdd(hn::Set(d, to_float(a[1])), odd, sums[r][v]);
    }
  }
  return 2;
}

template <class E>
HWY_INLINE void multiply(const BlockProduct<E>& op) {
  const Tag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t i = 0; i < op.m; i += kRows) {
    for (int64_t j = 0; j < op.n; j += kVectors * lanes) {
      Sums sums[kRows][kVectors];
      for (int64_t r = 0; r < kRows; ++r) {
        for (int64_t v = 0; v < kVectors; ++v)
          sums[r][v] =
              op.accumulates ? hn::LoadU(d, op.c + (i + r) * op.c_step + j + v * lanes) : hn::Zero(d);
      }
      for (int64_t k = 0; k < op.k;) k += add_step(op, i, j, k, sums);
      for (int64_t r = 0; r < kRows; ++r) {
        for (int64_t v = 0; v < kVectors; ++v)
          hn::StoreU(sums[r][v], d, op.c + (i + r) * op.c_step + j + v * lanes);
      }
    }
  }
}

void multiply_floats(const BlockProduct<float>& op) {
  multiply(op);
}
void multiply_halves(const BlockProduct<Bf16>& op) {
  multiply(op);
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace modernbert {

HWY_EXPORT(multiply_floats);
HWY_EXPORT(multiply_halves);

namespace {

// MODERNBERT_MAX_CPU rules the matrix unit out as well.
bool uses_amx() {
  static const bool uses = cpu_has_amx_bf16();
  return uses;
}

}  // namespace

void multiply_blocks(const BlockProduct<float>& op) {
  HWY_DYNAMIC_DISPATCH(multiply_floats)(op);
}

void multiply_blocks(const BlockProduct<Bf16>& op) {
  if (uses_amx()) return amx_multiply(op);
  HWY_DYNAMIC_DISPATCH(multiply_halves)(op);
}

BlockProductScope::BlockProductScope() {
  if (uses_amx()) unit_.emplace();
}

}  // namespace modernbert
#endif
