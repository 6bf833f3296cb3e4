#include "training/optimizer/newton_schulz.h"

#include <dnnl.h>

#include <cmath>
#include <cstdint>

#include "core/check.h"

namespace modernbert {
namespace {

// Jordan's coefficients: the steepest quintic at 0 whose iterates stay within 0.7 … 1.2.
constexpr float kA = 3.4445f, kB = -4.7750f, kC = 2.0315f;
constexpr int kSteps = 5;
// Keeps the quotient finite where the gradient is zero, as in the original.
constexpr double kSmallestNorm = 1e-7;

// y = a * op(p) op(q) + b * y, row-major.   op(p): [m,k]; op(q): [k,n]; y: [m,n].
void multiply(char op_p, char op_q, int64_t m, int64_t n, int64_t k, float a, const float* p, const float* q,
              float b, float* y) {
  const int64_t p_stride = op_p == 'N' ? k : m, q_stride = op_q == 'N' ? n : k;
  MB_CHECK(dnnl_sgemm(op_p, op_q, m, n, k, a, p, p_stride, q, q_stride, b, y, n) == dnnl_success);
}

// One step on x [n,w], n <= w.
void iterate(int64_t n, int64_t w, NewtonSchulzScratch& s) {
  multiply('N', 'T', n, n, w, 1, s.x.data(), s.x.data(), 0, s.gram.data());
  s.polynomial = s.gram;
  multiply('N', 'N', n, n, n, kC, s.gram.data(), s.gram.data(), kB, s.polynomial.data());
  s.product = s.x;
  multiply('N', 'N', n, w, n, 1, s.polynomial.data(), s.x.data(), kA, s.product.data());
  s.x.swap(s.product);
}

double frobenius(MatView<float> x) {
  double sum = 0;
  for (int64_t r = 0; r < x.rows; ++r) {
    for (const float value : x.row(r)) sum += static_cast<double>(value) * value;
  }
  return std::sqrt(sum);
}

}  // namespace

void orthogonalize(MatView<float> x, NewtonSchulzScratch& s) {
  // The Gram matrix is of the shorter side, so a tall matrix is worked on transposed.
  const bool tall = x.rows > x.cols;
  const int64_t n = tall ? x.cols : x.rows, w = tall ? x.rows : x.cols;
  const auto at = [&](int64_t r, int64_t c) { return static_cast<size_t>(tall ? c * w + r : r * w + c); };
  const auto inverse = static_cast<float>(1 / (frobenius(x) + kSmallestNorm));
  s.x.resize(static_cast<size_t>(n * w));
  s.gram.resize(static_cast<size_t>(n * n));
  for (int64_t r = 0; r < x.rows; ++r) {
    for (int64_t c = 0; c < x.cols; ++c) s.x[at(r, c)] = x.row(r)[static_cast<size_t>(c)] * inverse;
  }
  for (int step = 0; step < kSteps; ++step) iterate(n, w, s);
  for (int64_t r = 0; r < x.rows; ++r) {
    for (int64_t c = 0; c < x.cols; ++c) x.row(r)[static_cast<size_t>(c)] = s.x[at(r, c)];
  }
}

}  // namespace modernbert
