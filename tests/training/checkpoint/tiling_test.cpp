#include "training/checkpoint/tiling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_text.h"

namespace modernbert::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Tiling, VectorsAndMatricesAsThePublishedCode) {
  std::vector<float> x = {1, 2, 3}, y(8);
  tile_from_middle({x.data(), 1, 3}, {y.data(), 1, 8});
  EXPECT_THAT(y, ElementsAre(2, 3, 1, 2, 3, 1, 2, 3));
  std::vector<float> m = {1, 2, 3, 4}, n(16);
  tile_from_middle({m.data(), 2, 2}, {n.data(), 4, 4});
  EXPECT_THAT(n, ElementsAre(4, 3, 4, 3, 2, 1, 2, 1, 4, 3, 4, 3, 2, 1, 2, 1));
}

TEST(Tiling, LayersOfLargeFromBase) {
  EXPECT_THAT(tiled_layers(22, 28), ElementsAre(0, 1, 2, 2, 3, 4, 5, 6, 6, 7, 8, 9, 9, 10, 11, 12, 13, 13, 14,
                                                15, 16, 16, 17, 18, 19, 20, 20, 21));
}

EncoderConfig shape(int32_t layers, int32_t hidden, int32_t inner) {
  EncoderConfig config;
  config.vocab_size = 5;
  config.num_hidden_layers = layers;
  config.hidden_size = hidden;
  config.intermediate_size = inner;
  config.num_attention_heads = 1;
  config.layers.assign(static_cast<size_t>(layers), {});
  return config;
}

struct Encoder {
  EncoderConfig config;
  ParameterBlock block;
  Encoder(int32_t layers, int32_t hidden, int32_t inner)
      : config(shape(layers, hidden, inner)),
        block(std::make_shared<const ParameterLayout>(config, HeadKind::kMaskedLm)) {}
  std::span<float> of(const std::string& name) { return block.of(*block.layout().find(name)); }
};

TEST(Tiling, QueriesKeysValuesAndGluHalvesAreTiledApart) {
  Encoder small(1, 2, 2), large(2, 4, 4);
  for (size_t part = 0; part < 3; ++part)
    for (size_t i = 0; i < 4; ++i)
      small.of("model.layers.0.attn.Wqkv.weight")[4 * part + i] = static_cast<float>(part);
  for (size_t part = 0; part < 2; ++part)
    for (size_t i = 0; i < 4; ++i)
      small.of("model.layers.0.mlp.Wi.weight")[4 * part + i] = static_cast<float>(part);
  tile_parameters(small.config, small.block, large.config, large.block);
  const auto qkv = large.of("model.layers.1.attn.Wqkv.weight"), wi = large.of("model.layers.1.mlp.Wi.weight");
  for (size_t i = 0; i < qkv.size(); ++i) EXPECT_EQ(qkv[i], static_cast<float>(i / 16));
  for (size_t i = 0; i < wi.size(); ++i) EXPECT_EQ(wi[i], static_cast<float>(i / 16));
}

TEST(Tiling, FinalNormAndMissingNormsKeepTheirValues) {
  Encoder small(1, 2, 2), large(2, 4, 4);
  for (float& value : large.block.values()) value = 7;
  tile_parameters(small.config, small.block, large.config, large.block);
  EXPECT_EQ(large.of("model.final_norm.weight")[0], 7);
  EXPECT_EQ(large.of("model.layers.1.attn_norm.weight")[0], 7);  // layer 0 of the small one has none
  EXPECT_EQ(large.of("model.layers.1.mlp_norm.weight")[0], 0);
}

TEST(Tiling, RefusesOtherVocabulariesAndLargerSources) {
  Encoder small(1, 2, 2), large(2, 4, 4);
  EXPECT_THAT(
      thrown_by([&] { tile_parameters(large.config, large.block, small.config, small.block); }).message,
      HasSubstr("hidden_size is 4 there and 2 here"));
  small.config.vocab_size = 6;
  EXPECT_THAT(
      thrown_by([&] { tile_parameters(small.config, small.block, large.config, large.block); }).message,
      HasSubstr("vocab_size"));
}

}  // namespace
}  // namespace modernbert::testing
