// FlexBERT's model_config: every architecture knob of the framework that ModernBERT was trained in, under its
// names.
#pragma once

#include <span>
#include <string_view>

#include "core/json.h"
#include "modernbert/config.h"

namespace modernbert {

// Errors name the field; combinations that make no sense are refused with the reason.
EncoderConfig read_flexbert_config(const JsonObject& json);

// The config under FlexBERT's names.   Error (kUnsupported) where its layers differ in a way that they cannot
// say.
OrderedJson flexbert_json(const EncoderConfig& config);

// Every field of a model_config that decides the encoder …
std::span<const std::string_view> flexbert_encoder_fields();
// … and those that decide how the framework computes: what we do anyway (unpadded, masked rows only), or
// without effect on the result.
std::span<const std::string_view> flexbert_execution_fields();

}  // namespace modernbert
