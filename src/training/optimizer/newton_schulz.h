// Orthogonalisation of a matrix by Newton-Schulz iterations, for Muon.
#pragma once

#include <vector>

#include "tensor/matrix.h"

namespace modernbert {

// Buffers of the iteration, reused between calls.
struct NewtonSchulzScratch {
  std::vector<float> x, gram, polynomial, product;
};

// x: [R,C], replaced by a matrix with the same singular vectors and singular values near 1 (0.7 to 1.2): five
// steps of the quintic x -> a x + (b A + c A^2) x with A = x x^T, after dividing by the Frobenius norm.
// Deterministic for a given number of threads.
void orthogonalize(MatView<float> x, NewtonSchulzScratch& scratch);

}  // namespace modernbert
