#include "ops/rowwise/rows.h"

#include "ops/op_test.h"
#include "ops/rowwise/convert.h"

namespace modernbert {
namespace {

using testing::normal_values;

TEST(Rows, HoldWhatWasStoredInEachType) {
  const int64_t cols = 37;
  const auto values = normal_values(cols, 1);
  for (const RowType type : {RowType::kFp32, RowType::kBf16, RowType::kInt8}) {
    RowBuffer rows(type, cols);
    rows.resize(4);
    rows.store(2, 0, values);
    const RowsView view = rows.view().slice(1, 3);
    EXPECT_EQ(view.stride % 4, 0);
    for (size_t i = 0; i < values.size(); ++i) {
      if (type == RowType::kFp32) {
        EXPECT_EQ(reinterpret_cast<const float*>(view.row(1))[i], values[i]);
      } else if (type == RowType::kBf16) {
        EXPECT_EQ(reinterpret_cast<const Bf16*>(view.row(1))[i].bits, to_bf16(values[i]).bits);
      } else {
        const int byte = reinterpret_cast<const uint8_t*>(view.row(1))[i];
        EXPECT_NEAR(static_cast<float>(byte - 128) * view.scales[1], values[i], 0.501f * view.scales[1]);
      }
    }
  }
}

TEST(Rows, ArePutTogetherFromParts) {
  const auto values = normal_values(48, 2);
  for (const RowType type : {RowType::kFp32, RowType::kBf16}) {
    RowBuffer whole(type, 48), parts(type, 48);
    whole.resize(1);
    parts.resize(1);
    whole.store(0, 0, values);
    for (const int64_t begin : {16, 0, 32})
      parts.store(0, begin, std::span(values).subspan(static_cast<size_t>(begin), 16));
    EXPECT_EQ(std::vector(whole.row(0), whole.row(0) + whole.stride()),
              std::vector(parts.row(0), parts.row(0) + parts.stride()));
  }
}

TEST(Rows, AreConvertedFromBf16AsFromFloats) {
  auto values = normal_values(40, 3);
  round_to_bf16(values, values);
  RowBuffer floats(RowType::kFp32, 40), halves(RowType::kBf16, 40);
  for (RowBuffer* rows : {&floats, &halves}) {
    rows->resize(1);
    rows->store(0, 0, values);
  }
  RowBuffer a(RowType::kInt8, 40), b(RowType::kInt8, 40);
  for (RowBuffer* rows : {&a, &b}) rows->resize(1);
  convert_rows(floats.view(), 0, 1, a);
  convert_rows(halves.view(), 0, 1, b);
  EXPECT_EQ(std::vector(a.row(0), a.row(0) + 40), std::vector(b.row(0), b.row(0) + 40));
  EXPECT_EQ(a.view().scales[0], b.view().scales[0]);
}

}  // namespace
}  // namespace modernbert
