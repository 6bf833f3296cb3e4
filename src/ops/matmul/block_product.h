// Products of small blocks that lie in the cache: what attention's backward pass is made of.
#pragma once

#include <cstdint>
#include <optional>

#include "ops/cpu/amx_unit.h"
#include "tensor/dtype.h"

namespace modernbert {

// c [m,n] = (or +=) a [m,k] b [k,n], sums in fp32. m, n and k are multiples of 32; steps are in elements.
// a: rows. b: fp32 rows; for bf16 pairs of rows are interleaved: element (2i + j, column) is at
// i * 2n + 2 column + j.
template <class E>
struct BlockProduct {
  const E* a;
  int64_t a_step;
  const E* b;  // its rows are n long
  float* c;
  int64_t c_step;
  int64_t m, n, k;
  bool accumulates;
};

void multiply_blocks(const BlockProduct<float>& op);
void multiply_blocks(const BlockProduct<Bf16>& op);

// The matrix unit's registers have a shape that products and other libraries set differently: one scope
// around the block products of a thread, within which nothing else may use the unit.
class BlockProductScope {
 public:
  BlockProductScope();

 private:
  std::optional<AmxScope> unit_;
};

}  // namespace modernbert
