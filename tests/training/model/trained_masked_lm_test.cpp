#include "training/model/trained_masked_lm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "../../model/random_model.h"
#include "core/random.h"
#include "training/initialization.h"

namespace modernbert {
namespace {

EncoderConfig small_config() {
  EncoderConfig config;
  config.vocab_size = 160;
  config.hidden_size = 64;
  config.intermediate_size = 96;
  config.num_hidden_layers = 3;
  config.num_attention_heads = 2;
  config.pad_token_id = 0;
  config.layers = {{-1, 160000}, {8, 10000}, {8, 10000}};
  return config;
}

MaskedLmBatch documents(std::initializer_list<int> numbers) {
  MaskedLmBatch batch;
  for (const int number : numbers) {
    std::vector<int32_t> ids;
    for (int i = 0; i < 5 + 37 * number; ++i) {
      ids.push_back(1 + static_cast<int32_t>(
                            random_below(static_cast<uint64_t>(number), static_cast<uint64_t>(i), 159)));
      batch.labels.push_back(i % 3 == 0 ? ids.back() : kNotPredicted);
    }
    batch.tokens.add(ids);
  }
  return batch;
}

TrainingOptions all_dropouts() {
  TrainingOptions options;
  options.embedding_dropout = options.attention_dropout = options.attn_out_dropout = options.mlp_dropout =
      0.2;
  return options;
}

ParameterBlock gradients_of(const EncoderConfig& config, const std::vector<MaskedLmBatch>& batches,
                            ComputeType dtype, TrainingOptions options) {
  const auto layout = std::make_shared<const ParameterLayout>(config, HeadKind::kMaskedLm);
  ParameterBlock values(layout), result(layout);
  initialize_parameters(config, {}, 3, values);
  options.dtype = dtype;
  options.threads = 2;
  TrainedMaskedLm model(config, options);
  model.set_parameters(values);
  for (const MaskedLmBatch& batch : batches) model.forward_backward(batch, 0.01, 11, result);
  return result;
}

class Trained : public ::testing::TestWithParam<ComputeType> {
 protected:
  ParameterBlock gradients(const std::vector<MaskedLmBatch>& batches, const TrainingOptions& options) {
    return gradients_of(small_config(), batches, GetParam(), options);
  }
  static double distance(ParameterBlock& a, ParameterBlock& b) {
    double difference = 0, norm = 0;
    for (size_t i = 0; i < a.values().size(); ++i) {
      difference += std::pow(static_cast<double>(a.values()[i]) - b.values()[i], 2);
      norm += std::pow(static_cast<double>(a.values()[i]), 2);
    }
    return std::sqrt(difference / norm);
  }
};

TEST_P(Trained, SameInputsGiveTheSameBits) {
  ParameterBlock first = gradients({documents({1, 4, 2})}, all_dropouts());
  ParameterBlock second = gradients({documents({1, 4, 2})}, all_dropouts());
  EXPECT_TRUE(std::ranges::equal(first.values(), second.values()));
}

TEST_P(Trained, PackedGradientIsTheSumOfTheDocuments) {
  ParameterBlock packed = gradients({documents({1, 4, 2})}, all_dropouts());
  ParameterBlock alone = gradients({documents({2}), documents({4}), documents({1})}, all_dropouts());
  EXPECT_LT(distance(packed, alone), GetParam() == ComputeType::kFp32 ? 2e-6 : 2e-3);
}

TEST_P(Trained, RecomputationChangesNoBit) {
  TrainingOptions options = all_dropouts();
  ParameterBlock kept = gradients({documents({1, 4})}, options);
  options.recompute = true;
  ParameterBlock recomputed = gradients({documents({1, 4})}, options);
  EXPECT_TRUE(std::ranges::equal(kept.values(), recomputed.values()));
}

INSTANTIATE_TEST_SUITE_P(Types, Trained, ::testing::Values(ComputeType::kFp32, ComputeType::kBf16),
                         [](const auto& instance) { return std::string(to_string(instance.param)); });

// Encoders of every kind: blocks, norms, rotations, positions, biases.
class TrainedKind : public ::testing::TestWithParam<std::string> {
 protected:
  EncoderConfig config() const {
    EncoderConfig config = testing::tiny_config(GetParam());
    config.vocab_size = 160;
    config.pad_token_id = 0;
    return config;
  }
};

// The loss along the gradient itself, dropout included: its slope is the gradient's squared norm. In fp32:
// rounded weights hide small steps.
TEST_P(TrainedKind, GradientIsTheSlopeOfTheLoss) {
  const auto layout = std::make_shared<const ParameterLayout>(config(), HeadKind::kMaskedLm);
  ParameterBlock values(layout), unused(layout);
  ParameterBlock gradient = gradients_of(config(), {documents({1, 3})}, ComputeType::kFp32, all_dropouts());
  initialize_parameters(config(), {}, 3, values);
  TrainingOptions options = all_dropouts();
  options.dtype = ComputeType::kFp32;
  options.threads = 2;
  TrainedMaskedLm model(config(), options);
  double squares = 0;
  for (const float g : gradient.values()) squares += static_cast<double>(g) * g;
  const auto loss = [&](double step) {
    ParameterBlock moved(layout);
    for (size_t i = 0; i < moved.values().size(); ++i)
      moved.values()[i] = values.values()[i] + static_cast<float>(step * gradient.values()[i]);
    model.set_parameters(moved);
    return 0.01 * model.forward_backward(documents({1, 3}), 0.01, 11, unused).cross_entropy;
  };
  const double step = 3e-3 / std::sqrt(squares);
  EXPECT_NEAR((loss(step) - loss(-step)) / (2 * step), squares, 5e-3 * squares);
}

TEST_P(TrainedKind, RecomputationChangesNoBit) {
  TrainingOptions options = all_dropouts();
  ParameterBlock kept = gradients_of(config(), {documents({1, 4})}, ComputeType::kBf16, options);
  options.recompute = true;
  ParameterBlock again = gradients_of(config(), {documents({1, 4})}, ComputeType::kBf16, options);
  EXPECT_TRUE(std::ranges::equal(kept.values(), again.values()));
}

// What a backward pass has called final does not change any more.
TEST_P(TrainedKind, FinalGradientsStayAsTheyAre) {
  const auto layout = std::make_shared<const ParameterLayout>(config(), HeadKind::kMaskedLm);
  ParameterBlock values(layout), gradients(layout);
  initialize_parameters(config(), {}, 3, values);
  TrainingOptions options;
  options.threads = 2;
  TrainedMaskedLm model(config(), options);
  model.set_parameters(values);
  std::vector<float> taken(gradients.values().size());
  std::vector<int64_t> offsets = {static_cast<int64_t>(taken.size())};
  model.forward_backward(documents({1, 4, 2}), 0.01, 11, gradients, [&](int64_t offset) {
    ASSERT_LT(offset, offsets.back());
    const auto now = gradients.values();
    std::copy(now.begin() + offset, now.begin() + offsets.back(), taken.begin() + offset);
    offsets.push_back(offset);
  });
  EXPECT_EQ(offsets.size(), 1 + config().layers.size() + 1);  // each layer, then the rest
  EXPECT_EQ(offsets.back(), 0);
  EXPECT_TRUE(std::ranges::equal(taken, gradients.values()));
}

std::vector<std::string> all_kinds() {
  std::vector<std::string> kinds = {"modernbert", "bert"};
  for (const auto& [kind, fields] : testing::flexbert_kinds()) kinds.push_back(kind);
  return kinds;
}
INSTANTIATE_TEST_SUITE_P(All, TrainedKind, ::testing::ValuesIn(all_kinds()),
                         [](const auto& instance) { return instance.param; });

TEST(TrainedMaskedLm, RefusesARateOfOne) {
  TrainingOptions options;
  options.mlp_dropout = 1;
  EXPECT_THROW(TrainedMaskedLm(small_config(), options), Error);
}

}  // namespace
}  // namespace modernbert
