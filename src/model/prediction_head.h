// dense -> activation -> norm, each part as configured: what stands in front of a decoder or classifier.
#pragma once

#include <memory>
#include <optional>

#include "model/checkpoint.h"
#include "model/loaded_encoder.h"
#include "ops/rowwise/activations.h"

namespace modernbert {

// Immutable, thread-safe.
class PredictionHead {
 public:
  PredictionHead(const LoadedEncoder& encoder, const PredictionHeadConfig& config,
                 PredictionHeadParams params);
  // x: [R,H]. Returns [R,H].
  Matrix apply(MatView<const float> x) const;

 private:
  int threads_;
  ActivationFunction activation_;
  std::unique_ptr<Linear> dense_;  // null: identity
  std::optional<NormParams> norm_;
};

}  // namespace modernbert
