// How fast the trained variants run: forward passes over texts of several lengths.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "model/loaded_encoder.h"

namespace modernbert {

// Batches hold so many tokens, whatever the texts' length: all lengths do the same work outside attention.
inline constexpr int32_t kInferenceTokens = 8192;

struct InferenceSpeed {
  int32_t length = 0;
  double tokens_per_s = 0;  // of the best pass; 0 = not measured, `remark` says why
  std::string remark;
};

// Speeds of a model folder, by length. Not measured: texts longer than a table of absolute positions;
// encoders that cannot run.   lengths: of texts, tokens, at most kInferenceTokens.
std::vector<InferenceSpeed> measure_inference(const std::filesystem::path& model,
                                              std::span<const int32_t> lengths,
                                              const EncoderOptions& options);

// Of two measurements the faster, length by length.   Either may be empty.
std::vector<InferenceSpeed> faster_of(const std::vector<InferenceSpeed>& a,
                                      const std::vector<InferenceSpeed>& b);

using MeasureInference = std::function<std::vector<InferenceSpeed>(const std::filesystem::path& model,
                                                                   std::span<const int32_t> lengths)>;

// A variant whose speed is wanted: its trained model, and the file that keeps the result.
struct InferenceJob {
  std::filesystem::path model;
  std::filesystem::path record;
};

// Speeds by job. What a record of these lengths holds is not measured again; the others are measured in
// turns, so that a disturbance of the machine does not hit one of them alone.
std::vector<std::vector<InferenceSpeed>> measure_in_turns(const std::vector<InferenceJob>& jobs,
                                                          std::span<const int32_t> lengths,
                                                          const MeasureInference& measure);

}  // namespace modernbert
