#pragma once

#include "ops/rowwise/activations.h"

namespace modernbert::testing {

inline constexpr ActivationFunction kAllActivations[] = {
    Activation::kIdentity,     Activation::kGelu,       Activation::kGeluTanh,    Activation::kQuickGelu,
    Activation::kSilu,         Activation::kRelu,       Activation::kRelu2,       Activation::kRelu6,
    Activation::kLeakyRelu,    Activation::kRrelu,      Activation::kElu,         Activation::kSelu,
    Activation::kMish,         Activation::kSoftplus,   Activation::kSoftsign,    Activation::kSoftshrink,
    Activation::kHardshrink,   Activation::kHardtanh,   Activation::kHardsigmoid, Activation::kHardswish,
    Activation::kTanhshrink,   Activation::kLogSigmoid, Activation::kTanh,        Activation::kSigmoid,
    {Activation::kPrelu, 0.3f}};

}  // namespace modernbert::testing
