#include "training/optimizer/newton_schulz.h"

#include <dnnl.h>

#include <cmath>
#include <cstdint>

#include "core/check.h"
#include "ops/matmul/matmul.h"
#include "ops/rowwise/convert.h"

namespace modernbert {
namespace {

// Jordan's coefficients: the steepest quintic at 0 whose iterates stay within 0.7 … 1.2.
constexpr float kA = 3.4445f, kB = -4.7750f, kC = 2.0315f;
constexpr int kSteps = 5;
// Keeps the quotient finite where the gradient is zero, as in the original.
constexpr double kSmallestNorm = 1e-7;

// y = a * p op(q) + b * y, row-major.   p: [m,k]; op(q): [k,n]; y: [m,n].
void multiply(char op_q, int64_t m, int64_t n, int64_t k, float a, const float* p, const float* q, float b,
              float* y) {
  MB_CHECK(dnnl_sgemm('N', op_q, m, n, k, a, p, k, q, op_q == 'N' ? n : k, b, y, n) == dnnl_success);
}

// One step on x [n,w], n <= w.
void iterate_in_fp32(int64_t n, int64_t w, NewtonSchulzScratch& s) {
  multiply('T', n, n, w, 1, s.x.data(), s.x.data(), 0, s.gram.data());
  s.polynomial = s.gram;
  multiply('N', n, n, n, kC, s.gram.data(), s.gram.data(), kB, s.polynomial.data());
  s.product = s.x;
  multiply('N', n, w, n, 1, s.polynomial.data(), s.x.data(), kA, s.product.data());
  s.x.swap(s.product);
}

MatView<const Bf16> rounded(const std::vector<float>& x, int64_t rows, int64_t cols, std::vector<Bf16>& to) {
  to.resize(x.size());
  convert_to_bf16(x, to);
  return {to.data(), rows, cols};
}

// y = a * x + b * y
void add_scaled(float a, const std::vector<float>& x, float b, std::vector<float>& y) {
  for (size_t i = 0; i < y.size(); ++i) y[i] = a * x[i] + b * y[i];
}

// The factors of products are rounded, nothing else. The gram matrix and the polynomial are symmetric.
void iterate_in_bf16(int64_t n, int64_t w, NewtonSchulzScratch& s) {
  const MatView<const Bf16> x = rounded(s.x, n, w, s.rounded_x);
  multiply_forward<Bf16, float>(x, x, nullptr, MatView<float>(s.gram.data(), n, n));
  const MatView<const Bf16> gram = rounded(s.gram, n, n, s.rounded_gram);
  s.polynomial.resize(s.gram.size());
  multiply_forward<Bf16, float>(gram, gram, nullptr, MatView<float>(s.polynomial.data(), n, n));
  add_scaled(kB, s.gram, kC, s.polynomial);
  const MatView<const Bf16> polynomial = rounded(s.polynomial, n, n, s.rounded_gram);
  s.product.resize(s.x.size());
  multiply_input_gradient<Bf16, float>(polynomial, x, MatView<float>(s.product.data(), n, w));
  add_scaled(kA, s.x, 1, s.product);
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

void orthogonalize(MatView<float> x, ProductType products, NewtonSchulzScratch& s) {
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
  for (int step = 0; step < kSteps; ++step)
    products == ProductType::kBf16 ? iterate_in_bf16(n, w, s) : iterate_in_fp32(n, w, s);
  for (int64_t r = 0; r < x.rows; ++r) {
    for (int64_t c = 0; c < x.cols; ++c) x.row(r)[static_cast<size_t>(c)] = s.x[at(r, c)];
  }
}

}  // namespace modernbert
