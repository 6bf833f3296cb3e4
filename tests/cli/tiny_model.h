// Checkpoints of one tiny layer with seeded weights, for heads that no model of ours has.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace modernbert::testing {

struct TinyModel {
  std::string architecture;  // "ModernBertForTokenClassification", …
  std::vector<std::string> labels;
};

// Writes config.json and model.safetensors, and links nano's tokenizer.
void write_tiny_model(const std::filesystem::path& folder, const TinyModel& model);

// A ColBERT model by PyLate's conventions: the encoder and a projection to 4 values.
void write_tiny_colbert(const std::filesystem::path& folder);

}  // namespace modernbert::testing
