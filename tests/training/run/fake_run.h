// A run whose model is a formula: everything around the step is real, the step itself takes no time.
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/random.h"
#include "tensor/safetensors.h"
#include "training/run/pretraining.h"

namespace modernbert::testing {

// Gradients depend on the values, on every token of the batch and on the dropout key: a run that repeats a
// batch, leaves one out or restores stale moments ends with other bits.
class FakeModel : public TrainedModel {
 public:
  int64_t broken_from = -1;  // calls of forward_backward from here on give NaN

  void set_parameters(const ParameterBlock& values) override {
    values_.assign(values.values().begin(), values.values().end());
  }
  LossTerms forward_backward(const MaskedLmBatch& batch, double scale, uint64_t dropout_key,
                             ParameterBlock& gradients, const FinalGradients& final_from) override {
    uint64_t key = dropout_key;
    for (const int32_t id : batch.tokens.ids) key = random_hash(key, static_cast<uint64_t>(id));
    const bool broken = broken_from >= 0 && calls_++ >= broken_from;
    const auto g = gradients.values();
    for (size_t i = 0; i < g.size(); ++i)
      g[i] += static_cast<float>(scale) * (values_[i] - random_uniform_float(key, i)) * (broken ? NAN : 1.0F);
    report_final(final_from, static_cast<int64_t>(g.size()));
    LossTerms terms = evaluate(batch);
    if (broken) terms.cross_entropy = NAN;
    return terms;
  }
  LossTerms evaluate(const MaskedLmBatch& batch) override {
    const auto labels = static_cast<int64_t>(batch.labels.size());
    return {.cross_entropy = 2.5 * static_cast<double>(labels), .labels = labels, .correct = labels / 2};
  }

 private:
  // As if the block had four layers.
  static void report_final(const FinalGradients& final_from, int64_t size) {
    for (int64_t layer = 4; final_from && layer-- > 0;) final_from(size * layer / 4);
  }

  std::vector<float> values_;
  int64_t calls_ = 0;
};

// Batch n is a function of n.
class FakeData : public BatchStream {
 public:
  FakeData(int64_t rows, int64_t length, int64_t rank = 0, int64_t ranks = 1)
      : rows_(rows), length_(length), rank_(rank), ranks_(ranks) {}
  std::optional<MaskedLmBatch> next() override {
    const int64_t number = next_++;
    if (number % ranks_ != rank_) return {};
    return make(number);
  }
  MaskedLmBatch make(int64_t number) const {
    MaskedLmBatch batch;
    for (int64_t row = 0; row < rows_; ++row) {
      std::vector<int32_t> ids;
      for (int64_t i = 0; i < length_; ++i)
        ids.push_back(static_cast<int32_t>(
            random_below(static_cast<uint64_t>(number), static_cast<uint64_t>(row * length_ + i), 100)));
      batch.tokens.add(ids);
    }
    batch.labels = batch.tokens.ids;
    return batch;
  }
  Json state() const override { return {{"next", next_}}; }
  void restore(const Json& state) override { next_ = state.at("next").get<int64_t>(); }

 private:
  int64_t rows_, length_, rank_, ranks_;
  int64_t next_ = 0;
};

class FakeWorkshop : public RunWorkshop {
 public:
  int64_t broken_from = -1;
  double bytes_per_row = 1000;
  std::string data = "the data";

  std::unique_ptr<TrainedModel> make_model(const EncoderConfig&, const Recipe&, int) override {
    auto model = std::make_unique<FakeModel>();
    model->broken_from = broken_from;
    return model;
  }
  std::unique_ptr<BatchStream> make_training_data(const Recipe& recipe, const Tokenizer&,
                                                  const Communicator& processes) override {
    return std::make_unique<FakeData>(recipe.batch.micro_batch, recipe.data.sequence_length, processes.rank(),
                                      processes.size());
  }
  std::vector<MaskedLmBatch> make_heldout(const Recipe&, const Tokenizer&) override {
    return {FakeData(1, 8).make(0)};
  }
  double activation_bytes_per_row(const EncoderConfig&, const Recipe&) override { return bytes_per_row; }
  Json data_identity(const Recipe&) override { return {{"contents", data}}; }
};

// 16 tokens a row, 4 rows a step in 2 micro-batches.
inline RecipeNode fake_recipe(int64_t steps, int checkpoint_every = 2) {
  const std::string text = "name: fake\ntokenizer: " MODERNBERT_SOURCE_DIR "/models/nano\n" + std::string(R"(
model: {hidden_size: 16, intermediate_size: 24, num_hidden_layers: 2, num_attention_heads: 2, local_attention: 8}
data: {sources: {path: nowhere}, sequence_length: 16}
batch: {sequences: 4, micro_batch: 2}
optimizer: {learning_rate: 0.01, weight_decay: 0.01, clip_norm: 1}
evaluation: {every: 3, sentences: ["A [MASK]."]}
compute: {dtype: fp32, threads: 1}
schedule: {warmup_tokens: 128, tokens: )") +
                           std::to_string(steps * 64) +
                           "}\ncheckpoint: {keep: 2, every: " + std::to_string(checkpoint_every) + "}\n";
  return parse_recipe(text, "fake.yaml");
}

// Of two weights of the models that two runs have left in their output folders; 0 where all bits are the
// same.
inline double largest_difference(const std::filesystem::path& run, const std::filesystem::path& other) {
  const auto a = SafetensorsFile::open(run / "model" / "model.safetensors");
  const auto b = SafetensorsFile::open(other / "model" / "model.safetensors");
  double largest = 0;
  for (const auto& [name, tensor] : a.tensors()) {
    const auto x = tensor.to_floats(), y = b.require(name).to_floats();
    for (size_t i = 0; i < x.size(); ++i)
      largest = std::max(largest, std::abs(static_cast<double>(x[i]) - y[i]));
  }
  return largest;
}

}  // namespace modernbert::testing
