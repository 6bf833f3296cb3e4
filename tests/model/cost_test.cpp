// Known sizes of published models, and the visible pairs counted one by one.
#include "model/cost.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace modernbert {
namespace {

EncoderConfig modernbert(int32_t layers, int32_t hidden, int32_t intermediate, int32_t heads) {
  EncoderConfig config;
  config.architectures = {"ModernBertForMaskedLM"};
  config.num_hidden_layers = layers;
  config.hidden_size = hidden;
  config.intermediate_size = intermediate;
  config.num_attention_heads = heads;
  for (int32_t i = 0; i < layers; ++i) config.layers.push_back({i % 3 == 0 ? -1 : 64, 10000});
  return config;
}

EncoderConfig base() {
  return modernbert(22, 768, 1152, 12);
}

EncoderConfig bert_base() {
  return parse_config(R"({"model_type": "bert", "architectures": ["BertForMaskedLM"]})", "test");
}

TEST(CountParameters, MatchesPublishedModels) {
  EXPECT_EQ(count_parameters(base(), HeadKind::kNone).total(), 149'014'272);
  EXPECT_EQ(count_parameters(base(), HeadKind::kMaskedLm).total(), 149'655'232);
  EXPECT_EQ(count_parameters(modernbert(28, 1024, 2624, 16), HeadKind::kMaskedLm).total(), 395'881'664);
  EXPECT_EQ(count_parameters(bert_base(), HeadKind::kNone).total(), 109'482'240);
  EXPECT_EQ(count_parameters(bert_base(), HeadKind::kMaskedLm).total(), 109'514'298);
}

TEST(CountParameters, SplitsIntoEmbeddingsEncoderAndHead) {
  const ParameterCounts counts = count_parameters(base(), HeadKind::kMaskedLm);
  EXPECT_EQ(counts.embeddings, 50368 * 768 + 768);
  EXPECT_EQ(counts.head, 768 * 768 + 768 + 50368);
  EXPECT_EQ(counts.encoder, 149'655'232 - counts.embeddings - counts.head);
}

TEST(CountParameters, ClassifiersAddOneRowPerLabel) {
  EncoderConfig config = base();
  config.num_labels = 5;
  const int64_t prediction_head = 768 * 768 + 768;
  EXPECT_EQ(count_parameters(config, HeadKind::kSequenceClassification).head, prediction_head + 5 * 769);
  EXPECT_EQ(count_parameters(config, HeadKind::kTokenClassification).head, prediction_head + 5 * 769);
  EXPECT_EQ(count_parameters(config, HeadKind::kMultipleChoice).head, prediction_head + 769);
  EncoderConfig bert = bert_base();
  bert.num_labels = 9;
  EXPECT_EQ(count_parameters(bert, HeadKind::kTokenClassification).head, 9 * 769);
}

TEST(HeadKind, ComesFromTheArchitecture) {
  EXPECT_EQ(head_kind(base()), HeadKind::kMaskedLm);
  EncoderConfig config = base();
  config.architectures = {"BertForTokenClassification"};
  EXPECT_EQ(head_kind(config), HeadKind::kTokenClassification);
  config.architectures = {"ModernBertModel"};
  EXPECT_EQ(head_kind(config), HeadKind::kNone);
}

TEST(VisiblePairs, EqualsCountingThem) {
  for (int32_t window = 0; window <= 9; ++window) {
    for (int64_t length = 1; length <= 25; ++length) {
      int64_t pairs = 0;
      for (int64_t i = 0; i < length; ++i) {
        for (int64_t j = 0; j < length; ++j) pairs += std::abs(i - j) <= window;
      }
      EXPECT_EQ(visible_pairs(length, window), pairs) << "length " << length << ", window " << window;
    }
  }
  EXPECT_EQ(visible_pairs(8192, -1), int64_t{8192} * 8192);
}

TEST(ForwardFlops, BaseIs221MegaflopsPerTokenPlusAttention) {
  EXPECT_EQ(2 * matrix_parameters(base()), 220'594'176);
  const double one = forward_flops(base(), 1);
  EXPECT_EQ(one, 220'594'176 + 22 * 4.0 * 768);
  // 8 global and 14 local layers.
  const double pairs = 8 * 512.0 * 512 + 14 * (512.0 * 129 - 64 * 65);
  EXPECT_EQ(forward_flops(base(), 512), 512.0 * 220'594'176 + 4.0 * 768 * pairs);
}

TEST(ForwardFlops, SequencesOfABatchDoNotSeeEachOther) {
  TokenBatch batch;
  batch.ids.assign(300, 0);
  batch.cu_seqlens = {0, 100, 300};
  EXPECT_EQ(forward_flops(base(), batch), forward_flops(base(), 100) + forward_flops(base(), 200));
}

TEST(ActivationBytes, GrowWithTokensOnly) {
  EXPECT_EQ(activation_bytes(base(), 512), 512 * 6 * 768 * 4);
  EXPECT_EQ(activation_bytes(base(), 8192), 8192 * 6 * 768 * 4);
}

}  // namespace
}  // namespace modernbert
