// Encoders to measure: published shapes with random weights, or a checkpoint.
#pragma once

#include <memory>
#include <string>

#include "model/loaded_encoder.h"

namespace modernbert {

// Weights do not change the work: of a trained model's size, hashed, the same everywhere.
std::shared_ptr<const LoadedEncoder> random_encoder(const EncoderConfig& config,
                                                    const EncoderOptions& options);

// shape: "base", "large" (ModernBERT's) or a checkpoint folder.   Error: as LoadedEncoder::load.
std::shared_ptr<const LoadedEncoder> load_shape(const std::string& shape, const EncoderOptions& options);

}  // namespace modernbert
