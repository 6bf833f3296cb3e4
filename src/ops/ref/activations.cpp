#include "ops/rowwise/activations.h"

#include <cmath>
#include <numbers>

#include "core/check.h"

namespace modernbert::ref {
namespace {

constexpr double kRreluSlope = (1.0 / 8 + 1.0 / 3) / 2;  // the mean of the slopes drawn in training

// Keeps NaN.
double clamp(double x, double low, double high) {
  return x < low ? low : x > high ? high : x;
}
double sigmoid(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}
double softplus(double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}
double elu(double x) {
  return x > 0 ? x : std::expm1(x);
}
double gelu_tanh(double x) {
  const double inner = std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  return 0.5 * x * (1.0 + std::tanh(inner));
}
double selu(double x) {
  constexpr double kScale = 1.0507009873554804934193349852946, kAlpha = 1.6732632423543772848170429916717;
  return kScale * (x > 0 ? x : kAlpha * std::expm1(x));
}

}  // namespace

double activation(const ActivationFunction& f, double x) {
  switch (f.kind) {
    case Activation::kIdentity:
      return x;
    case Activation::kGelu:
      return 0.5 * x * std::erfc(-x / std::numbers::sqrt2);
    case Activation::kGeluTanh:
      return gelu_tanh(x);
    case Activation::kQuickGelu:
      return x * sigmoid(1.702 * x);
    case Activation::kSilu:
      return x * sigmoid(x);
    case Activation::kRelu:
      return x > 0 ? x : 0;
    case Activation::kRelu2:
      return x > 0 ? x * x : 0;
    case Activation::kRelu6:
      return clamp(x, 0, 6);
    case Activation::kLeakyRelu:
      return x > 0 ? x : 0.01 * x;
    case Activation::kRrelu:
      return x > 0 ? x : kRreluSlope * x;
    case Activation::kPrelu:
      return x > 0 ? x : f.slope * x;
    case Activation::kElu:
      return elu(x);
    case Activation::kSelu:
      return selu(x);
    case Activation::kMish:
      return x * std::tanh(softplus(x));
    case Activation::kSoftplus:
      return softplus(x);
    case Activation::kSoftsign:
      return x / (1 + std::abs(x));
    case Activation::kSoftshrink:
      return x > 0.5 ? x - 0.5 : x < -0.5 ? x + 0.5 : 0;
    case Activation::kHardshrink:
      return std::abs(x) > 0.5 ? x : 0;
    case Activation::kHardtanh:
      return clamp(x, -1, 1);
    case Activation::kHardsigmoid:
      return clamp(x / 6 + 0.5, 0, 1);
    case Activation::kHardswish:
      return x * clamp(x / 6 + 0.5, 0, 1);
    case Activation::kTanhshrink:
      return x - std::tanh(x);
    case Activation::kLogSigmoid:
      return -softplus(-x);
    case Activation::kTanh:
      return std::tanh(x);
    case Activation::kSigmoid:
      return sigmoid(x);
  }
  MB_CHECK(false);
  return 0;
}

void apply_activation(const ActivationFunction& f, std::span<const float> x, std::span<float> y) {
  for (size_t i = 0; i < x.size(); ++i) y[i] = static_cast<float>(ref::activation(f, x[i]));
}

void gated_activation(const ActivationFunction& f, std::span<const float> u, std::span<const float> g,
                      std::span<float> y) {
  for (size_t i = 0; i < u.size(); ++i) y[i] = static_cast<float>(ref::activation(f, u[i]) * g[i]);
}

}  // namespace modernbert::ref
