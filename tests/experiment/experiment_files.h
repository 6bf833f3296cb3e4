// Experiments for tests: a small base recipe and files beside it.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "experiment/plan.h"
#include "temporary_folder.h"

namespace modernbert::testing {

class ExperimentFiles {
 public:
  ExperimentFiles() {
    std::ofstream(folder_.path() / "base.yaml") << R"(name: base
seed: 5
tokenizer: )" MODERNBERT_SOURCE_DIR R"(/models/nano
model: {hidden_size: 64, intermediate_size: 64, num_hidden_layers: 2, num_attention_heads: 1, local_attention: 8}
data: {sources: [{path: nowhere}], sequence_length: 16}
batch: {sequences: 4, micro_batch: 2}
schedule: {tokens: 1000, warmup_tokens: 100, decay_tokens: 400}
compute: {dtype: fp32, threads: 1}
)";
  }

  ExperimentPlan read(const std::string& text, const std::vector<std::string>& overrides = {}) const {
    const auto path = folder_.path() / "try.yaml";
    std::ofstream(path) << text;
    return read_experiment(path, overrides);
  }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

inline const std::string kTwoVariants = R"(base: base.yaml
seeds: [5, 6]
variants:
  - name: first
  - name: deep
    set: {model.num_hidden_layers: 4}
)";

}  // namespace modernbert::testing
