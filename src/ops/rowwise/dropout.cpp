#include "ops/rowwise/dropout.h"

#include <algorithm>

namespace modernbert {
namespace {

float widened(float value) {
  return value;
}
float widened(Bf16 value) {
  return to_float(value);
}
void store(float value, float& to) {
  to = value;
}
void store(float value, Bf16& to) {
  to = to_bf16(value);
}

}  // namespace

void draw_dropout(const Dropout& dropout, uint64_t row, int64_t first, int64_t count, float* factors) {
  const uint64_t key = random_hash(dropout.key, row);
  const uint32_t threshold = dropout.threshold();
  const float scale = dropout.scale();
  for (int64_t i = 0; i < count; i += 4) {
    uint64_t bits = random_hash(key, static_cast<uint64_t>(first + i) / 4);
    for (int64_t j = i; j < std::min(i + 4, count); ++j, bits >>= 16)
      factors[j] = (bits & 0xFFFF) < threshold ? 0.0f : scale;
  }
}

template <class E>
void drop_row(const Dropout& dropout, uint64_t row, int64_t count, E* x) {
  constexpr int64_t kChunk = 256;
  float factors[kChunk];
  for (int64_t begin = 0; begin < count; begin += kChunk) {
    const int64_t size = std::min(kChunk, count - begin);
    draw_dropout(dropout, row, begin, size, factors);
    for (int64_t i = 0; i < size; ++i) store(widened(x[begin + i]) * factors[i], x[begin + i]);
  }
}

template void drop_row(const Dropout&, uint64_t, int64_t, float*);
template void drop_row(const Dropout&, uint64_t, int64_t, Bf16*);

}  // namespace modernbert
