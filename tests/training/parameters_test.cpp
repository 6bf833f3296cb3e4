#include "training/parameters.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "../model/random_model.h"
#include "training/run/optimized_tensors.h"

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

// What Muon makes orthogonal and what tiling tiles, each for itself.
TEST(ParameterMaps, AreThoseOfTheLayersKind) {
  const std::vector<int64_t> parallel = {48, 48, 48, 40, 40}, qkv = {48, 48, 48}, glu = {40, 40}, mlp = {40};
  const auto maps = [](const std::string& kind, const std::string& name) {
    const EncoderConfig config = testing::tiny_config(kind);
    return ParameterLayout(config, HeadKind::kMaskedLm).find(name)->maps;
  };
  EXPECT_EQ(maps("modernbert", "model.layers.0.attn.Wqkv.weight"), qkv);
  EXPECT_EQ(maps("modernbert", "model.layers.0.mlp.Wi.weight"), glu);
  EXPECT_EQ(maps("flex_parallel", "bert.encoder.layers.0.Wqkvff.weight"), parallel);
  EXPECT_EQ(maps("flex_parallel", "bert.encoder.layers.0.Wqkvff.bias"), parallel);
  EXPECT_EQ(maps("flex_plain_norms", "bert.encoder.layers.0.mlp.Wi.weight"), mlp);
  EXPECT_EQ(maps("bert", "bert.encoder.layer.0.attention.self.key.weight"), std::vector<int64_t>{48});
}

TEST(OptimizedTensors, MuonTakesEachMapOfAParallelLayer) {
  const EncoderConfig config = testing::tiny_config("flex_parallel");
  const ParameterLayout layout(config, HeadKind::kMaskedLm);
  const ParameterInfo& joint = *layout.find("bert.encoder.layers.0.Wqkvff.weight");
  std::vector<int64_t> rows;
  int64_t next = joint.offset;
  for (const OptimizedTensor& tensor : optimized_tensors(layout, OptimizerKind::kMuon)) {
    if (tensor.offset < joint.offset || tensor.offset >= joint.offset + joint.size) continue;
    EXPECT_EQ(tensor.offset, next);
    next += tensor.size;
    rows.push_back(tensor.rows);
  }
  EXPECT_EQ(next, joint.offset + joint.size);
  EXPECT_EQ(rows, joint.maps);
}

}  // namespace
}  // namespace modernbert
