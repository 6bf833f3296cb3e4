#include "ops/rowwise/activations_training.h"

#include <cmath>
#include <numbers>

#include "core/check.h"

namespace modernbert::ref {
namespace {

double sigmoid(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}
// Of x * sigmoid(c x).
double swish_derivative(double x, double c) {
  const double s = sigmoid(c * x);
  return s + c * x * s * (1 - s);
}
double gelu_derivative(double x) {
  const double density = std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi);
  return 0.5 * std::erfc(-x / std::numbers::sqrt2) + x * density;
}
double gelu_tanh_derivative(double x) {
  const double scale = std::sqrt(2.0 / std::numbers::pi);
  const double t = std::tanh(scale * (x + 0.044715 * x * x * x));
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * scale * (1 + 3 * 0.044715 * x * x);
}
double mish_derivative(double x) {
  const double t = std::tanh(x > 30 ? x : std::log1p(std::exp(x)));
  return t + x * (1 - t * t) * sigmoid(x);
}

}  // namespace

double activation_derivative(const ActivationFunction& f, double x) {
  constexpr double kSeluScale = 1.0507009873554804934193349852946,
                   kSeluAlpha = 1.6732632423543772848170429916717;
  switch (f.kind) {
    case Activation::kIdentity:
      return 1;
    case Activation::kGelu:
      return gelu_derivative(x);
    case Activation::kGeluTanh:
      return gelu_tanh_derivative(x);
    case Activation::kQuickGelu:
      return swish_derivative(x, 1.702);
    case Activation::kSilu:
      return swish_derivative(x, 1);
    case Activation::kRelu:
      return x > 0 ? 1 : 0;
    case Activation::kRelu2:
      return x > 0 ? 2 * x : 0;
    case Activation::kRelu6:
      return x > 0 && x < 6 ? 1 : 0;
    case Activation::kLeakyRelu:
      return x > 0 ? 1 : 0.01;
    case Activation::kRrelu:
      return x > 0 ? 1 : (1.0 / 8 + 1.0 / 3) / 2;
    case Activation::kPrelu:
      return x > 0 ? 1 : f.slope;
    case Activation::kElu:
      return x > 0 ? 1 : std::exp(x);
    case Activation::kSelu:
      return kSeluScale * (x > 0 ? 1 : kSeluAlpha * std::exp(x));
    case Activation::kMish:
      return mish_derivative(x);
    case Activation::kSoftplus:
      return sigmoid(x);
    case Activation::kSoftsign:
      return 1 / ((1 + std::abs(x)) * (1 + std::abs(x)));
    case Activation::kSoftshrink:
    case Activation::kHardshrink:
      return std::abs(x) > 0.5 ? 1 : 0;
    case Activation::kHardtanh:
      return std::abs(x) < 1 ? 1 : 0;
    case Activation::kHardsigmoid:
      return std::abs(x) < 3 ? 1.0 / 6 : 0;
    case Activation::kHardswish:
      return x < -3 ? 0 : x < 3 ? x / 3 + 0.5 : 1;
    case Activation::kTanhshrink:
      return std::tanh(x) * std::tanh(x);
    case Activation::kLogSigmoid:
      return sigmoid(-x);
    case Activation::kTanh:
      return 1 - std::tanh(x) * std::tanh(x);
    case Activation::kSigmoid:
      return sigmoid(x) * (1 - sigmoid(x));
  }
  MB_CHECK(false);
  return 0;
}

}  // namespace modernbert::ref
