// Which queries see which keys, for vectors whose lanes are neighbouring queries.
#if defined(MODERNBERT_OPS_ATTENTION_MASK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MODERNBERT_OPS_ATTENTION_MASK_INL_H_
#undef MODERNBERT_OPS_ATTENTION_MASK_INL_H_
#else
#define MODERNBERT_OPS_ATTENTION_MASK_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

#include "ops/attention/attention.h"

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// At most 16 lanes, so that every vector of queries fits the 16-row padding.
using QueryFloats = hn::CappedTag<float, kAttentionLanes>;
using QueryInts = hn::RebindToSigned<QueryFloats>;
constexpr QueryFloats kQueryFloats;
constexpr QueryInts kQueryInts;
constexpr int64_t kQueryLanes = static_cast<int64_t>(hn::MaxLanes(kQueryFloats));

// Of the queries first_query, first_query + 1, … those that do not see `key`.
HWY_INLINE hn::Mask<QueryInts> hidden_queries(int64_t first_query, int64_t key, int64_t visible,
                                              int64_t window) {
  if (key >= visible) return hn::FirstN(kQueryInts, static_cast<size_t>(kQueryLanes));
  const auto queries = hn::Iota(kQueryInts, static_cast<int32_t>(first_query));
  const auto distance = hn::Abs(hn::Sub(queries, hn::Set(kQueryInts, static_cast<int32_t>(key))));
  const int64_t limit = window < 0 ? INT32_MAX : std::min<int64_t>(window, INT32_MAX);
  return hn::Gt(distance, hn::Set(kQueryInts, static_cast<int32_t>(limit)));
}

// True where each of the queries sees each of the keys.
HWY_INLINE bool all_see(int64_t first_query, int64_t queries, int64_t key, int64_t keys, int64_t visible,
                        int64_t window) {
  if (key + keys > visible) return false;
  return window < 0 || (first_query + queries - 1 - key <= window && key + keys - 1 - first_query <= window);
}

// True where any of the queries sees any of the keys.
HWY_INLINE bool any_sees(int64_t first_query, int64_t queries, int64_t key, int64_t keys, int64_t visible,
                         int64_t window) {
  const int64_t last_key = std::min(key + keys, visible) - 1;
  if (last_key < key) return false;
  return window < 0 || (first_query + queries - 1 + window >= key && first_query - window <= last_key);
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
