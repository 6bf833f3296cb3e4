#include "training/parameters.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace modernbert {
namespace {

namespace fs = std::filesystem;

EncoderConfig config_of(const fs::path& folder) {
  std::ifstream file(folder / "config.json");
  std::stringstream text;
  text << file.rdbuf();
  return parse_config(text.str(), folder.string());
}

struct Folder {
  const char* name;
  HeadKind head;
};

class ParametersOf : public ::testing::TestWithParam<Folder> {
 protected:
  fs::path path() const { return fs::path(MODERNBERT_SOURCE_DIR) / "tests/data/cases" / GetParam().name; }
};

TEST_P(ParametersOf, CheckpointAreAllLoaded) {
  const EncoderConfig config = config_of(path());
  const Weights weights = Weights::open(path());
  ParameterBlock block(std::make_shared<const ParameterLayout>(config, GetParam().head));
  load_parameters(weights, block);
  int64_t elements = 0;
  for (const ParameterInfo& parameter : block.layout().parameters()) {
    elements += parameter.size;
    const Tensor* tensor = weights.find(parameter.name);
    if (tensor == nullptr) continue;  // under another name
    const std::span<const float> values = std::as_const(block).of(parameter);
    EXPECT_TRUE(std::ranges::equal(tensor->to_floats(), values)) << parameter.name;
  }
  EXPECT_EQ(elements, count_parameters(config, GetParam().head).total());
}

INSTANTIATE_TEST_SUITE_P(Committed, ParametersOf,
                         ::testing::Values(Folder{"modernbert_masked_lm", HeadKind::kMaskedLm},
                                           Folder{"modernbert_sequence_mean",
                                                  HeadKind::kSequenceClassification},
                                           Folder{"modernbert_tokens", HeadKind::kTokenClassification}),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace modernbert
