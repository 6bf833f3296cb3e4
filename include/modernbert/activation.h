// Element-wise activation functions and their Hugging Face names.
#pragma once

#include <string>
#include <string_view>

namespace modernbert {

enum class Activation {
  kIdentity,
  kGelu,       // exact, erf
  kGeluTanh,   // "gelu_pytorch_tanh", "gelu_new"
  kQuickGelu,  // x * sigmoid(1.702 x)
  kSilu,
  kRelu,
  kRelu2,
  kRelu6,
  kLeakyRelu,
  kRrelu,  // as in evaluation: x * 11/48 below 0
  kPrelu,  // with a trained slope below 0: one number a layer or head
  kElu,    // and celu: the same for alpha = 1
  kSelu,
  kMish,
  kSoftplus,
  kSoftsign,
  kSoftshrink,
  kHardshrink,
  kHardtanh,
  kHardsigmoid,
  kHardswish,
  kTanhshrink,
  kLogSigmoid,
  kTanh,
  kSigmoid,
};
// Hugging Face's names ("gelu", "gelu_new", "silu", "swish", …). field: what the error message names.
Activation parse_activation(std::string_view name, const std::string& field);
std::string_view to_string(Activation activation);

}  // namespace modernbert
