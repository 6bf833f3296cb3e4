// What is behind the public Model handle.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "model/loaded_encoder.h"
#include "modernbert/model.h"
#include "modernbert/tokenizer.h"

namespace modernbert {

struct Model::Impl {
  std::filesystem::path folder;
  std::filesystem::path
      encoder_folder;  // where config.json is: `folder`, or the path of its Transformer module
  std::shared_ptr<const LoadedEncoder> encoder;
  std::optional<Tokenizer> tokenizer;
  int32_t max_length = 0;
  bool uses_type_ids = false;  // the encoder has token types and the tokenizer gives them

  // The limit of a call in tokens: `requested`, or max_length where that is 0.
  // Error (kInvalidArgument) for a limit that the model's positions cannot reach.
  int32_t input_limit(int32_t requested) const;
};

}  // namespace modernbert
