#include "corpus/permutation.h"

#include <bit>

#include "core/check.h"
#include "core/random.h"

namespace modernbert {
namespace {

// Four rounds of a Feistel network over a good hash are indistinguishable from a random permutation (Luby and
// Rackoff); two more because the halves are short for small sizes.
constexpr int kRounds = 6;

uint64_t feistel(uint64_t value, int half_bits, uint64_t key) {
  const uint64_t mask = (uint64_t{1} << half_bits) - 1;
  uint64_t left = value >> half_bits, right = value & mask;
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t next = left ^ (random_hash(random_hash(key, round), right) & mask);
    left = right;
    right = next;
  }
  return left << half_bits | right;
}

}  // namespace

Permutation::Permutation(uint64_t size, uint64_t key) : size_(size), key_(key) {
  MB_CHECK(size > 0 && size <= uint64_t{1} << 62);
  half_bits_ = (std::bit_width(size - 1) + 1) / 2;
  if (half_bits_ == 0) half_bits_ = 1;
}

// The network permutes a power of four; values outside [0,size) are sent through it again until they are
// inside (cycle walking), which is at most four times on average.
uint64_t Permutation::operator[](uint64_t place) const {
  MB_DCHECK(place < size_);
  uint64_t value = place;
  do {
    value = feistel(value, half_bits_, key_);
  } while (value >= size_);
  return value;
}

}  // namespace modernbert
