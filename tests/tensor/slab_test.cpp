#include "tensor/slab.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace modernbert {
namespace {

constexpr size_t kBlock = (size_t{1} << 20) + 4;

bool is_aligned(const std::shared_ptr<std::byte>& block) {
  return reinterpret_cast<uintptr_t>(block.get()) % 64 == 0;
}

TEST(Slab, BlocksAreNeighbours) {
  const auto first = allocate_in_slab(kBlock), second = allocate_in_slab(kBlock);
  EXPECT_TRUE(is_aligned(first) && is_aligned(second));
  EXPECT_EQ(second.get() - first.get(), kBlock + 60);
}

TEST(Slab, BlocksDoNotOverlap) {
  const std::vector<size_t> sizes = {kBlock, 1, 40 << 20, 3 << 20, 31 << 20, kBlock, 100};
  std::vector<std::shared_ptr<std::byte>> blocks;
  for (size_t i = 0; i < sizes.size(); ++i) {
    blocks.push_back(allocate_in_slab(sizes[i]));
    EXPECT_TRUE(is_aligned(blocks[i]));
    std::fill_n(blocks[i].get(), sizes[i], std::byte(i));
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    const std::byte* block = blocks[i].get();
    EXPECT_EQ(std::count(block, block + sizes[i], std::byte(i)), sizes[i]) << "block " << i;
  }
}

TEST(Slab, ABlockOutlivesItsNeighbours) {
  auto first = allocate_in_slab(kBlock), second = allocate_in_slab(kBlock);
  first.reset();
  std::fill_n(second.get(), kBlock, std::byte{7});
  EXPECT_EQ(std::count(second.get(), second.get() + kBlock, std::byte{7}), kBlock);
}

}  // namespace
}  // namespace modernbert
