// Tiny models with seeded weights, built in memory.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "model/loaded_encoder.h"
#include "model/tensor_names.h"

namespace modernbert::testing {

// Encoders at distant points of FlexBERT's space: fields of a model_config beside the sizes.
inline const std::map<std::string, std::string>& flexbert_kinds() {
  static const std::map<std::string, std::string> kinds = {
      {"flex_parallel",
       R"("bert_layer": "parallel_prenorm", "attention_layer": "rope_parallel", "mlp_layer": "parallel_glu",
          "attn_qkv_bias": true, "mlp_out_bias": true, "embedding_layer": "sans_pos",
          "skip_first_prenorm": true)"},
      {"flex_mixed",
       R"("bert_layer": "parallel_prenorm", "attention_layer": "rope_parallel", "mlp_layer": "parallel_glu",
          "initial_bert_layer": "postnorm", "initial_attention_layer": "base", "initial_mlp_layer": "mlp",
          "num_initial_layers": 2, "embedding_layer": "absolute_pos", "mlp_in_bias": true, "final_norm": true)"},
      {"flex_partial_rotary",
       R"("attention_layer": "rope", "mlp_layer": "glu", "embedding_layer": "sans_pos", "rotary_emb_dim": 8,
          "local_attn_rotary_emb_dim": 12, "sliding_window": 12, "global_attn_every_n_layers": 3,
          "rotary_emb_interleaved": true, "normalization": "layernorm", "final_norm": true,
          "attn_out_bias": true)"},
      {"flex_postnorm",
       R"("bert_layer": "postnorm", "attention_layer": "rope", "mlp_layer": "glu",
          "embedding_layer": "absolute_pos", "embed_norm": false, "hidden_act": "mish")"},
      {"flex_plain_norms",
       R"("attention_layer": "base", "mlp_layer": "mlp", "normalization": "layernorm", "sliding_window": 8,
          "norm_kwargs": {"elementwise_affine": false, "eps": 1e-6}, "hidden_act": "hardswish")"},
      {"flex_prelu",
       R"("attention_layer": "rope", "mlp_layer": "glu", "embedding_layer": "sans_pos", "final_norm": true,
          "hidden_act": "prelu", "head_pred_act": "prelu")"}};
  return kinds;
}

// kind: "modernbert", "bert", "modernbert_heads64", which is wide enough for bf16 and int8 and has the head
// size of the panel attention, or one of flexbert_kinds().
inline EncoderConfig tiny_config(const std::string& kind) {
  const std::string sizes =
      kind == "modernbert_heads64"
          ? R"("vocab_size": 97, "hidden_size": 128, "num_attention_heads": 2, "num_hidden_layers": 4, "intermediate_size": 100)"
          : R"("vocab_size": 97, "hidden_size": 48, "num_attention_heads": 3, "num_hidden_layers": 4, "intermediate_size": 40)";
  std::string family = "modernbert";
  std::string rest = R"("local_attention": 16, "global_attn_every_n_layers": 3)";
  if (kind == "bert") {
    family = "bert";
    rest = R"("max_position_embeddings": 256)";
  }
  if (const auto flexbert = flexbert_kinds().find(kind); flexbert != flexbert_kinds().end()) {
    family = "flex_bert";
    rest = flexbert->second;
  }
  return parse_config(R"({"model_type": ")" + family + R"(", )" + sizes + ", " + rest + "}", "tiny_config");
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

class RandomEncoder {
 public:
  explicit RandomEncoder(const EncoderConfig& config) : config_(config), names_(config) {}

  Weights weights() {
    const int64_t hidden = config_.hidden_size;
    tensors_.add(names_.tokens() + ".weight", {config_.vocab_size, hidden}, 0, 1);
    if (config_.absolute_positions)
      tensors_.add(names_.positions() + ".weight", {config_.max_position_embeddings, hidden}, 0, 0.3f);
    if (config_.type_vocab_size > 0)
      tensors_.add(names_.types() + ".weight", {config_.type_vocab_size, hidden}, 0, 0.3f);
    if (config_.embedding_norm) norm(names_.embedding_norm());
    for (int i = 0; i < config_.num_hidden_layers; ++i) layer(i);
    if (config_.final_norm) norm(names_.final_norm());
    return tensors_.weights();
  }

 private:
  void norm(const std::string& name) {
    if (config_.norm_weight) tensors_.add_norm(name, config_.hidden_size, config_.norm_bias);
  }
  void layer(int index) {
    const LayerNames names = names_.layer(index);
    const LayerConfig& layer = config_.layers[static_cast<size_t>(index)];
    const int64_t hidden = config_.hidden_size, inner = config_.intermediate_size;
    const int64_t wide = layer.mlp == MlpKind::kGlu ? 2 * inner : inner;
    const bool parallel = layer.block == BlockKind::kParallel;
    const auto parts = static_cast<int64_t>(names.qkv.size());
    if (config_.has_attn_norm(static_cast<size_t>(index))) norm(names.attn_norm);
    for (const std::string& name : names.qkv)
      tensors_.add_linear(name, (3 * hidden + (parallel ? wide : 0)) / parts, hidden, config_.attn_qkv_bias);
    tensors_.add_linear(names.attn_out, hidden, hidden, config_.attn_out_bias);
    if (!parallel) norm(names.mlp_norm);
    if (!parallel) tensors_.add_linear(names.mlp_in, wide, hidden, config_.mlp_in_bias);
    if (config_.hidden_activation == Activation::kPrelu)
      tensors_.add(names.mlp_activation + ".weight", {1}, 0.25f, 0.1f);
    tensors_.add_linear(names.mlp_out, hidden, inner, config_.mlp_out_bias);
  }

  const EncoderConfig& config_;
  TensorNames names_;
  RandomTensors tensors_{1};
};

inline std::shared_ptr<const LoadedEncoder> random_model(const std::string& kind,
                                                         const EncoderOptions& options) {
  const EncoderConfig config = tiny_config(kind);
  return LoadedEncoder::from_weights(config, RandomEncoder(config).weights(), options);
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
