// Tiny models with seeded weights, built in memory.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "model/loaded_encoder.h"

namespace modernbert::testing {

// kind: "modernbert", "bert", or "modernbert_heads64", which is wide enough for bf16 and int8 and has the
// head size of the panel attention.
inline EncoderConfig tiny_config(const std::string& kind) {
  const std::string sizes =
      kind == "modernbert_heads64"
          ? R"("vocab_size": 97, "hidden_size": 128, "num_attention_heads": 2, "num_hidden_layers": 4, "intermediate_size": 100)"
          : R"("vocab_size": 97, "hidden_size": 48, "num_attention_heads": 3, "num_hidden_layers": 4, "intermediate_size": 40)";
  const std::string rest = kind == "bert" ? R"(, "max_position_embeddings": 256)"
                                          : R"(, "local_attention": 16, "global_attn_every_n_layers": 3)";
  return parse_config(R"({"model_type": ")" + std::string(kind == "bert" ? "bert" : "modernbert") + R"(", )" +
                          sizes + rest + "}",
                      "tiny_config");
}

// Buffers of the tensors that a config asks for; the values have the size of a trained model's.
class RandomTensors {
 public:
  explicit RandomTensors(unsigned seed) : generator_(seed) {}

  void add(const std::string& name, std::vector<int64_t> shape, float mean, float deviation) {
    Tensor tensor{"random", DType::kF32, std::move(shape), nullptr};
    std::normal_distribution<float> normal(mean, deviation);
    auto& data = buffers_->emplace_back(static_cast<size_t>(tensor.elements()));
    for (float& value : data) value = normal(generator_);
    tensor.data = reinterpret_cast<const std::byte*>(data.data());
    tensors_[name] = std::move(tensor);
  }

  void add_norm(const std::string& name, int64_t size, bool bias) {
    add(name + ".weight", {size}, 1.0f, 0.1f);
    if (bias) add(name + ".bias", {size}, 0.0f, 0.1f);
  }

  void add_linear(const std::string& name, int64_t out, int64_t in, bool bias) {
    add(name + ".weight", {out, in}, 0.0f, 1.0f / std::sqrt(static_cast<float>(in)));
    if (bias) add(name + ".bias", {out}, 0.0f, 0.1f);
  }

  Weights weights() { return Weights::from_memory(tensors_, buffers_, "random"); }

 private:
  std::mt19937 generator_;
  std::shared_ptr<std::vector<std::vector<float>>> buffers_ =
      std::make_shared<std::vector<std::vector<float>>>();
  TensorMap tensors_;
};

inline Weights random_modernbert_weights(const EncoderConfig& c) {
  RandomTensors t(1);
  t.add("model.embeddings.tok_embeddings.weight", {c.vocab_size, c.hidden_size}, 0, 1);
  t.add_norm("model.embeddings.norm", c.hidden_size, false);
  for (int i = 0; i < c.num_hidden_layers; ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    if (i > 0) t.add_norm(layer + "attn_norm", c.hidden_size, false);
    t.add_linear(layer + "attn.Wqkv", 3 * c.hidden_size, c.hidden_size, false);
    t.add_linear(layer + "attn.Wo", c.hidden_size, c.hidden_size, false);
    t.add_norm(layer + "mlp_norm", c.hidden_size, false);
    t.add_linear(layer + "mlp.Wi", 2 * c.intermediate_size, c.hidden_size, false);
    t.add_linear(layer + "mlp.Wo", c.hidden_size, c.intermediate_size, false);
  }
  t.add_norm("model.final_norm", c.hidden_size, false);
  return t.weights();
}

inline Weights random_bert_weights(const EncoderConfig& c) {
  RandomTensors t(2);
  t.add("embeddings.word_embeddings.weight", {c.vocab_size, c.hidden_size}, 0, 1);
  t.add("embeddings.position_embeddings.weight", {c.max_position_embeddings, c.hidden_size}, 0, 0.3f);
  t.add("embeddings.token_type_embeddings.weight", {c.type_vocab_size, c.hidden_size}, 0, 0.3f);
  t.add_norm("embeddings.LayerNorm", c.hidden_size, true);
  for (int i = 0; i < c.num_hidden_layers; ++i) {
    const std::string layer = "encoder.layer." + std::to_string(i) + ".";
    for (const char* part : {"query", "key", "value"})
      t.add_linear(layer + "attention.self." + part, c.hidden_size, c.hidden_size, true);
    t.add_linear(layer + "attention.output.dense", c.hidden_size, c.hidden_size, true);
    t.add_norm(layer + "attention.output.LayerNorm", c.hidden_size, true);
    t.add_linear(layer + "intermediate.dense", c.intermediate_size, c.hidden_size, true);
    t.add_linear(layer + "output.dense", c.hidden_size, c.intermediate_size, true);
    t.add_norm(layer + "output.LayerNorm", c.hidden_size, true);
  }
  return t.weights();
}

inline std::shared_ptr<const LoadedEncoder> random_model(const std::string& kind,
                                                         const EncoderOptions& options) {
  const EncoderConfig config = tiny_config(kind);
  return LoadedEncoder::from_weights(
      config, kind == "bert" ? random_bert_weights(config) : random_modernbert_weights(config), options);
}

inline TokenBatch random_batch(const EncoderConfig& config, const std::vector<int32_t>& lengths) {
  std::mt19937 generator(5);
  TokenBatch batch;
  for (const int32_t length : lengths) {
    std::vector<int32_t> ids(static_cast<size_t>(length));
    for (int32_t& id : ids) id = static_cast<int32_t>(generator() % static_cast<uint32_t>(config.vocab_size));
    batch.add(ids);
  }
  return batch;
}

}  // namespace modernbert::testing
