#include "ops/attention/attention_band.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace modernbert {
namespace {

bool sees(int64_t query, int64_t key, int64_t visible, int64_t window) {
  return key < visible && (window < 0 || std::abs(query - key) <= window);
}

// Calls f(first query, first key, visible, window) for bands that cross the blocks in every way.
template <class F>
void for_each_band(F f) {
  for (const int64_t window : {int64_t{-1}, int64_t{0}, int64_t{1}, int64_t{7}, int64_t{64}, INT64_MAX}) {
    for (int64_t query = 0; query <= 192; query += 16) {
      for (int64_t key = 0; key <= 192; key += 32) {
        for (const int64_t visible : {0, 1, 31, 33, 64, 97, 191, 8192}) f(query, key, visible, window);
      }
    }
  }
}

TEST(AttentionBand, QueriesThatSeeAKey) {
  for_each_band([](int64_t query, int64_t key, int64_t visible, int64_t window) {
    for (int64_t j = key; j < key + 32; ++j) {
      const uint64_t seeing = queries_seeing(j, query, visible, window);
      for (int64_t i = 0; i < 63; ++i)
        ASSERT_EQ(seeing >> i & 1, sees(query + i, j, visible, window) ? 1U : 0U)
            << "query " << query + i << ", key " << j << " of " << visible << ", window " << window;
    }
  });
}

TEST(AttentionBand, KeysThatAQuerySees) {
  for_each_band([](int64_t query, int64_t key, int64_t visible, int64_t window) {
    const SeenKeys seen(query, key, visible, window);
    for (int64_t row = 0; row < 16; ++row) {
      for (int64_t j = 0; j < 32; ++j)
        ASSERT_EQ(seen.of_row(row) >> j & 1, sees(query + row, key + j, visible, window) ? 1U : 0U)
            << "query " << query + row << ", key " << key + j << " of " << visible << ", window " << window;
    }
  });
}

}  // namespace
}  // namespace modernbert
