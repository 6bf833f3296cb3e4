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
  std::shared_ptr<const LoadedEncoder> encoder;
  std::optional<Tokenizer> tokenizer;
  int32_t max_length = 0;
};

}  // namespace modernbert
