// config.json of an encoder, as transformers reads it.
#pragma once

#include "core/json.h"
#include "modernbert/config.h"
#include "modernbert/dtype.h"

namespace modernbert {

// ModernBERT: keys of transformers 5 (layer_types, rope_parameters) and, where they can say the same, of
// transformers 4. BERT: transformers' keys. FlexBERT: those of its model_config.
// parse_config reads back an equal config.   architecture: what follows the family's name, "ForMaskedLM".
// extra: further keys of the file (dropouts, initialisation), which the encoder itself does not know. Error
// (kUnsupported) for what the format cannot say: different windows in local layers, different rotary bases in
// layers of one kind.
OrderedJson config_json(const EncoderConfig& config, const std::string& architecture,
                        const OrderedJson& extra = {});

// The same encoder under the names that most programs read: a FlexBERT config that Hugging Face's ModernBERT
// can express becomes one, everything else stays what it is.
EncoderConfig in_widest_family(EncoderConfig config);

}  // namespace modernbert
