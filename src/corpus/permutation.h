// A seeded shuffle of [0,n) that can be asked for any place without computing the others: nothing to store,
// so that the order of a billion documents costs no memory and a run resumes in the middle of an epoch at
// once.
#pragma once

#include <cstdint>

namespace modernbert {

class Permutation {
 public:
  // size > 0
  Permutation(uint64_t size, uint64_t key);
  // The value at a place; place in [0,size).
  uint64_t operator[](uint64_t place) const;
  uint64_t size() const { return size_; }

 private:
  uint64_t size_;
  uint64_t key_;
  int half_bits_;
};

}  // namespace modernbert
