#include <array>

#include "core/names.h"
#include "modernbert/activation.h"

namespace modernbert {
namespace {

using Name = NamedValue<Activation>;
constexpr std::array kNames = {
    Name{"gelu", Activation::kGelu},
    Name{"gelu_python", Activation::kGelu},
    Name{"gelu_pytorch_tanh", Activation::kGeluTanh},
    Name{"gelu_new", Activation::kGeluTanh},
    Name{"gelu_fast", Activation::kGeluTanh},
    Name{"gelu_tanh", Activation::kGeluTanh},
    Name{"quick_gelu", Activation::kQuickGelu},
    Name{"silu", Activation::kSilu},
    Name{"swish", Activation::kSilu},
    Name{"relu", Activation::kRelu},
    Name{"relu2", Activation::kRelu2},
    Name{"relu6", Activation::kRelu6},
    Name{"leaky_relu", Activation::kLeakyRelu},
    Name{"rrelu", Activation::kRrelu},
    Name{"prelu", Activation::kPrelu},
    Name{"elu", Activation::kElu},
    Name{"celu", Activation::kElu},
    Name{"selu", Activation::kSelu},
    Name{"mish", Activation::kMish},
    Name{"softplus", Activation::kSoftplus},
    Name{"softsign", Activation::kSoftsign},
    Name{"softshrink", Activation::kSoftshrink},
    Name{"hardshrink", Activation::kHardshrink},
    Name{"hardtanh", Activation::kHardtanh},
    Name{"hardsigmoid", Activation::kHardsigmoid},
    Name{"hardswish", Activation::kHardswish},
    Name{"tanhshrink", Activation::kTanhshrink},
    Name{"logsigmoid", Activation::kLogSigmoid},
    Name{"tanh", Activation::kTanh},
    Name{"sigmoid", Activation::kSigmoid},
    Name{"linear", Activation::kIdentity},
    Name{"identity", Activation::kIdentity},
};

}  // namespace

Activation parse_activation(std::string_view name, const std::string& field) {
  return parse_name<Activation>(name, kNames, field);
}

std::string_view to_string(Activation activation) {
  return name_of<Activation>(activation, kNames);
}

}  // namespace modernbert
