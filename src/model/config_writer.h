// config.json of an encoder, as transformers reads it.
#pragma once

#include <nlohmann/json.hpp>

#include "modernbert/config.h"
#include "modernbert/dtype.h"

namespace modernbert {

using OrderedJson = nlohmann::ordered_json;

// Keys of transformers 5 (layer_types, rope_parameters) and, where they can say the same, of transformers 4.
// parse_config reads back an equal config.   architecture: "ModernBertForMaskedLM".   extra: further keys of
// the file (dropouts, initialisation), which the encoder itself does not know. Error (kUnsupported) for what
// the format cannot say: other model types, different windows in local layers, different rotary bases in
// layers of one kind.
OrderedJson config_json(const EncoderConfig& config, const std::string& architecture,
                        const OrderedJson& extra = {});

}  // namespace modernbert
