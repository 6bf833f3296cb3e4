// Readers of the components of tokenizer.json. Errors: kInvalidFile for what contradicts the format,
// kUnsupported for what is not implemented, by name.
#pragma once

#include <string>

#include "core/json.h"
#include "tokenizer/decoder.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/post_processor.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/reading/component.h"
#include "tokenizer/subword_model.h"

namespace modernbert {

NormalizerPtr read_normalizer(const Component& component);
DecoderPtr read_decoder(const Component& component);
PostProcessor read_post_processor(const Component& component);

struct PreTokenizerSettings {
  bool bytes_as_is = false;              // the model reads bytes: a final ByteLevel need not spell them
  std::optional<bool> add_prefix_space;  // overrides ByteLevel's own
};
PreTokenizerPtr read_pre_tokenizer(const Component& component, const PreTokenizerSettings& settings);
int count_byte_levels(const Component& pre_tokenizer);
// Is ByteLevel the last step, so that it alone decides what the model reads?
bool ends_with_byte_level(const Component& pre_tokenizer);

struct ModelSettings {
  bool may_read_bytes = false;  // each word comes from ByteLevel
};
struct ReadModel {
  SubwordModelPtr model;
  bool reads_bytes = false;
};
ReadModel read_model(const Json& value, const std::string& source, const ModelSettings& settings);

}  // namespace modernbert
