#include "training/parameters.h"

#include <fmt/format.h>

#include <cmath>

#include "core/random.h"

namespace modernbert {
void ParameterLayout::add(const std::string& name, std::vector<int64_t> shape) {
  int64_t size = 1;
  for (int64_t s : shape) size *= s;
  parameters_.push_back({name, std::move(shape), size_, size});
  size_ += (size + 15) / 16 * 16;
}
ParameterLayout::ParameterLayout(const EncoderConfig& c, HeadKind) {
  const int64_t h = c.hidden_size, n = c.intermediate_size, v = c.vocab_size;
  add("model.embeddings.tok_embeddings.weight", {v, h});
  add("model.embeddings.norm.weight", {h});
  for (int i = 0; i < c.num_hidden_layers; ++i) {
    const std::string s = fmt::format("model.layers.{}.", i);
    if (i > 0) add(s + "attn_norm.weight", {h});
    add(s + "attn.Wqkv.weight", {3 * h, h});
    add(s + "attn.Wo.weight", {h, h});
    add(s + "mlp_norm.weight", {h});
    add(s + "mlp.Wi.weight", {2 * n, h});
    add(s + "mlp.Wo.weight", {h, n});
  }
  add("model.final_norm.weight", {h});
  add("head.dense.weight", {h, h});
  add("head.norm.weight", {h});
  if (!c.tie_word_embeddings) add("decoder.weight", {v, h});
  if (c.decoder_bias) add("decoder.bias", {v});
}
void load_parameters(const Weights& weights, ParameterBlock& block) {
  for (const auto& p : block.layout().parameters())
    std::ranges::copy(weights.require(p.name, p.shape).to_floats(), block.of(p).begin());
}
void initialize_parameters(const EncoderConfig&, uint64_t seed, ParameterBlock& block) {
  uint64_t key = seed;
  for (const auto& p : block.layout().parameters()) {
    key = random_hash(key, 1);
    for (int64_t i = 0; i < p.size; ++i)
      block.of(p)[i] =
          p.shape.size() == 1 ? (p.name.ends_with("bias") ? 0.f : 1.f) : float(0.02 * random_normal(key, i));
  }
}
}  // namespace modernbert
