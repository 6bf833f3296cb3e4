// Values of an untrained model: the schemes of ModernBERT's training framework, and that of transformers.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "training/parameters.h"

namespace modernbert {

// s: `deviation`, c: `cutoff`, L: layers, H: hidden size; "cut" normals are drawn again until within the
// cutoff.
enum class InitMethod {
  kDefault,        // normal, s
  kNormal,         // normal, s; what is added to the residual stream s / sqrt(2L); cut at c
  kMitchell,       // normal, inputs^-1/2; what is added to the stream also / sqrt(2 (layer + 1)); cut at 3
  kKaimingNormal,  // normal, sqrt(2 / inputs)
  kFanIn,          // normal, inputs^-1/2
  kFullMegatron,   // normal, s; stream and pooling head s / sqrt(2L); untied decoder and classifier H^-1/2;
                   // cut at c, or 3
  kHuggingFace     // the same, but every head's dense layer and the untied decoder s / sqrt(2L)
};
// "default", "normal", …, "huggingface"; field: what the error message names.
InitMethod parse_init_method(std::string_view name, std::string_view field);

struct Initialization {
  // Masked prediction learns much sooner from a head that starts small: docs/training.md has figures.
  InitMethod method = InitMethod::kHuggingFace;
  double deviation = 0.02;
  std::optional<double> cutoff = 2.0;  // deviations; none: not cut where the method leaves it open
  bool small_embedding = false;        // embeddings uniform in [-1e-4, 1e-4]; not with kFullMegatron
};

// Norms are 1, biases 0. The same seed gives the same bits.
void initialize_parameters(const EncoderConfig& config, const Initialization& init, uint64_t seed,
                           ParameterBlock& block);

}  // namespace modernbert
