#include "training/initialization.h"

#include <gtest/gtest.h>

#include <cmath>

namespace modernbert {
namespace {

EncoderConfig two_layers() {
  EncoderConfig config;
  config.vocab_size = 300;
  config.hidden_size = 64;
  config.intermediate_size = 96;
  config.num_hidden_layers = 2;
  config.num_attention_heads = 2;
  config.layers.resize(2);
  config.tie_word_embeddings = false;
  return config;
}

class Initialized {
 public:
  explicit Initialized(const Initialization& init, uint64_t seed = 1)
      : Initialized(two_layers(), init, seed) {}
  Initialized(const EncoderConfig& config, const Initialization& init, uint64_t seed)
      : layout_(std::make_shared<const ParameterLayout>(config, HeadKind::kMaskedLm)), block_(layout_) {
    initialize_parameters(config, init, seed, block_);
  }
  std::span<const float> values(const std::string& name) const { return block_.of(*layout_->find(name)); }
  double deviation(const std::string& name) const {
    double squares = 0;
    for (const float value : values(name)) squares += static_cast<double>(value) * value;
    return std::sqrt(squares / static_cast<double>(values(name).size()));
  }
  double largest(const std::string& name) const {
    double largest = 0;
    for (const float value : values(name)) largest = std::max(largest, std::abs(static_cast<double>(value)));
    return largest;
  }
  const ParameterBlock& block() const { return block_; }

 private:
  std::shared_ptr<const ParameterLayout> layout_;
  ParameterBlock block_;
};

const std::string kEmbedding = "model.embeddings.tok_embeddings.weight", kWi = "model.layers.1.mlp.Wi.weight",
                  kWo = "model.layers.1.mlp.Wo.weight", kHead = "head.dense.weight",
                  kDecoder = "decoder.weight";

// Cut off at two deviations a normal has 0.880 of its deviation, at three 0.987; 3 % is four deviations of
// the estimate from 6144 draws.
constexpr double kCutAtTwo = 0.880, kCutAtThree = 0.987, kError = 0.03;

TEST(Initialization, FollowsTheSeed) {
  const Initialized first({}, 1), same({}, 1), other({}, 2);
  EXPECT_TRUE(std::ranges::equal(first.block().values(), same.block().values()));
  EXPECT_FALSE(std::ranges::equal(first.block().values(), other.block().values()));
}

TEST(Initialization, MegatronShrinksWhatIsAddedToTheStream) {
  const Initialized model({.method = InitMethod::kFullMegatron});
  EXPECT_NEAR(model.deviation(kWi), kCutAtTwo * 0.02, kError * 0.02);
  EXPECT_NEAR(model.deviation(kHead), kCutAtTwo * 0.02, kError * 0.02);
  EXPECT_NEAR(model.deviation(kEmbedding), kCutAtTwo * 0.02, kError * 0.02);
  EXPECT_NEAR(model.deviation(kWo), kCutAtTwo * 0.01, kError * 0.01);  // 0.02 / sqrt(2 x 2 layers)
  EXPECT_NEAR(model.deviation(kDecoder), kCutAtTwo / 8, kError / 8);   // 64^-1/2
  EXPECT_LE(model.largest(kWo), 0.02f);
}

// The facts are in transformers' ModernBertPreTrainedModel.
TEST(Initialization, HuggingFaceShrinksHeadAndDecoderToo) {
  const Initialized model({.method = InitMethod::kHuggingFace});
  for (const std::string& name : {kEmbedding, kWi})
    EXPECT_NEAR(model.deviation(name), kCutAtTwo * 0.02, kError * 0.02) << name;
  for (const std::string& name : {kWo, kHead, kDecoder})
    EXPECT_NEAR(model.deviation(name), kCutAtTwo * 0.01, kError * 0.01) << name;
}

TEST(Initialization, DefaultIsOneNormalForAll) {
  const Initialized model({.method = InitMethod::kDefault});
  for (const std::string& name : {kEmbedding, kWi, kWo, kDecoder})
    EXPECT_NEAR(model.deviation(name), 0.02, kError * 0.02) << name;
  EXPECT_GT(model.largest(kWi), 0.06);
}

TEST(Initialization, NormalIsCutAndShrinksByDepth) {
  const Initialized cut({.method = InitMethod::kNormal, .deviation = 0.1});
  EXPECT_NEAR(cut.deviation(kWi), kCutAtTwo * 0.1, kError * 0.1);
  EXPECT_NEAR(cut.deviation(kWo), kCutAtTwo * 0.05, kError * 0.05);
  const Initialized whole({.method = InitMethod::kNormal, .deviation = 0.1, .cutoff = std::nullopt});
  EXPECT_NEAR(whole.deviation(kWi), 0.1, kError * 0.1);
}

TEST(Initialization, MitchellDependsOnInputsAndDepth) {
  const Initialized model({.method = InitMethod::kMitchell});
  EXPECT_NEAR(model.deviation(kWi), kCutAtThree / 8, kError / 8);
  const double wo = 1 / std::sqrt(96.0 * 2 * 2);  // inputs, times 2 (layer + 1)
  EXPECT_NEAR(model.deviation(kWo), kCutAtThree * wo, kError * wo);
}

TEST(Initialization, FanInAndKaimingDependOnInputs) {
  EXPECT_NEAR(Initialized({.method = InitMethod::kFanIn}).deviation(kWi), 1.0 / 8, kError / 8);
  const double kaiming = std::sqrt(2.0 / 64);
  EXPECT_NEAR(Initialized({.method = InitMethod::kKaimingNormal}).deviation(kWi), kaiming, kError * kaiming);
}

TEST(Initialization, SmallEmbeddingsAreUniform) {
  const Initialized model({.method = InitMethod::kDefault, .small_embedding = true});
  EXPECT_LE(model.largest(kEmbedding), 1e-4f);
  EXPECT_NEAR(model.deviation(kEmbedding), 1e-4 / std::sqrt(3.0), kError * 1e-4);
}

TEST(Initialization, NormsAreOneAndBiasesZero) {
  const Initialized model({});
  for (const float value : model.values("model.final_norm.weight")) EXPECT_EQ(value, 1);
  for (const float value : model.values("decoder.bias")) EXPECT_EQ(value, 0);
}

TEST(Initialization, SlopesStartWhereTorchsDo) {
  EncoderConfig config = two_layers();
  config.hidden_activation = config.mlm_head.activation = Activation::kPrelu;
  const Initialized model(config, {}, 1);
  EXPECT_EQ(model.values("model.layers.1.mlp.act.weight")[0], 0.25f);
  EXPECT_EQ(model.values("head.act.weight")[0], 0.25f);
}

}  // namespace
}  // namespace modernbert
