// Orthogonalisation of a matrix by Newton-Schulz iterations, for Muon.
#pragma once

#include <vector>

#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace modernbert {

// Buffers of the iteration, reused between calls.
struct NewtonSchulzScratch {
  std::vector<float> x, gram, polynomial, product;
  std::vector<Bf16> rounded_x, rounded_gram;
};

// Of the factors of the iteration's products; sums are formed in fp32.
enum class ProductType { kFp32, kBf16 };

// x: [R,C], replaced by a matrix with the same singular vectors and singular values near 1 (0.7 to 1.2): five
// steps of the quintic x -> a x + (b A + c A^2) x with A = x x^T, after dividing by the Frobenius norm.
// Deterministic for a given number of threads.
void orthogonalize(MatView<float> x, ProductType products, NewtonSchulzScratch& scratch);

}  // namespace modernbert
