#include "tensor/matrix.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace modernbert {
namespace {

TEST(Matrix, StartsAtZeroOnACacheLine) {
  Matrix m(3, 5);
  for (const float value : m.values()) EXPECT_EQ(value, 0);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(m.row(0).data()) % 64, 0u);
  EXPECT_EQ(m.values().size(), 15u);
  EXPECT_TRUE(Matrix().values().empty());
}

TEST(MatView, SlicesShareMemoryAndKeepTheStride) {
  Matrix m(4, 6);
  for (int64_t r = 0; r < 4; ++r) {
    for (int64_t c = 0; c < 6; ++c) m.row(r)[c] = static_cast<float>(10 * r + c);
  }
  const MatView<float> part = m.view().slice_rows(1, 2).slice_cols(2, 3);
  EXPECT_EQ(part.rows, 2);
  EXPECT_EQ(part.cols, 3);
  EXPECT_EQ(part.row(1)[2], 24);
  part.row(0)[0] = -1;
  EXPECT_EQ(m.row(1)[2], -1);
  const MatView<const float> constant = part;
  EXPECT_EQ(constant.row(0)[0], -1);
}

TEST(AlignedBuffer, KeepsItsMemoryWhenItIsLargeEnough) {
  AlignedBuffer<int> buffer(100);
  int* data = buffer.data();
  buffer.reserve(50);
  EXPECT_EQ(buffer.data(), data);
  EXPECT_EQ(buffer.capacity(), 100u);
  buffer.reserve(1000);
  EXPECT_EQ(buffer.capacity(), 1000u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % 64, 0u);
}

}  // namespace
}  // namespace modernbert
