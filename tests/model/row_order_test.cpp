#include "model/row_order.h"

#include <gtest/gtest.h>

namespace modernbert {
namespace {

// Row r holds r.
LinearParams numbered(int64_t rows) {
  LinearParams params{Matrix(rows, 1), std::vector<float>(static_cast<size_t>(rows))};
  for (int64_t r = 0; r < rows; ++r)
    params.weight.row(r)[0] = params.bias[static_cast<size_t>(r)] = static_cast<float>(r);
  return params;
}

std::vector<float> first_head(const LinearParams& params, int64_t dim) {
  EXPECT_EQ(std::vector<float>(params.weight.values().begin(), params.weight.values().end()), params.bias);
  return {params.bias.begin(), params.bias.begin() + dim};
}

EncoderConfig two_heads_of_eight() {
  EncoderConfig config;
  config.hidden_size = 16;
  config.num_attention_heads = 2;
  return config;
}

using Order = std::vector<float>;

TEST(OrderForRotation, LeavesWholeHeadsAndUnrotatedOnesAlone) {
  const EncoderConfig config = two_heads_of_eight();
  for (const int32_t dim : {-1, 0, 8}) {
    EXPECT_EQ(first_head(order_for_rotation(numbered(48), config, {-1, 1e4, dim}), 8),
              (Order{0, 1, 2, 3, 4, 5, 6, 7}));
  }
}

TEST(OrderForRotation, PutsPairsHalfAHeadApart) {
  EncoderConfig config = two_heads_of_eight();
  // Of the first four numbers 0 and 2, 1 and 3 turn together.
  EXPECT_EQ(first_head(order_for_rotation(numbered(48), config, {-1, 1e4, 4}), 8),
            (Order{0, 1, 4, 6, 2, 3, 5, 7}));
  config.rope_interleaved = true;
  EXPECT_EQ(first_head(order_for_rotation(numbered(48), config, {-1, 1e4, 4}), 8),
            (Order{0, 2, 4, 6, 1, 3, 5, 7}));
  EXPECT_EQ(first_head(order_for_rotation(numbered(48), config, {-1, 1e4, 8}), 8),
            (Order{0, 2, 4, 6, 1, 3, 5, 7}));
}

TEST(OrderForRotation, KeepsValues) {
  EncoderConfig config = two_heads_of_eight();
  config.rope_interleaved = true;
  const LinearParams ordered = order_for_rotation(numbered(48), config, {});
  for (size_t r = 32; r < 48; ++r) EXPECT_EQ(ordered.bias[r], static_cast<float>(r));
}

}  // namespace
}  // namespace modernbert
