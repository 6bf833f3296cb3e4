#include "training/model/model_places.h"

#include "model/tensor_names.h"

namespace modernbert {
namespace {

class Finder {
 public:
  explicit Finder(const ParameterLayout& layout) : layout_(layout) {}

  int64_t offset(const std::string& name) const {
    const ParameterInfo* info = layout_.find(name);
    return info == nullptr ? kNowhere : info->offset;
  }
  NormPlaces norm(bool exists, const std::string& stem) const {
    if (!exists) return {};
    return {true, offset(stem + ".weight"), offset(stem + ".bias")};
  }
  LinearPlaces linear(const std::string& stem, int64_t out, int64_t in) const {
    return {out, in, offset(stem + ".weight"), offset(stem + ".bias")};
  }

 private:
  const ParameterLayout& layout_;
};

// Rows from `first` on of a linear layer.
LinearPlaces rows_of(const LinearPlaces& places, int64_t first, int64_t count) {
  return {count, places.in, places.weight + first * places.in,
          places.bias == kNowhere ? kNowhere : places.bias + first};
}

LayerPlaces layer_places(const Finder& find, const TensorNames& all_names, const EncoderConfig& config,
                         int index) {
  const LayerNames names = all_names.layer(index);
  const LayerConfig& layer = config.layers[static_cast<size_t>(index)];
  const bool parallel = layer.block == BlockKind::kParallel;
  const int64_t hidden = config.hidden_size, inner = config.intermediate_size;
  const int64_t wide = layer.mlp == MlpKind::kGlu ? 2 * inner : inner;
  LayerPlaces places;
  places.attn_norm = find.norm(config.has_attn_norm(static_cast<size_t>(index)), names.attn_norm);
  // Where keys and values have tensors of their own, these follow the queries.
  places.qkv = find.linear(names.qkv[0], 3 * hidden, hidden);
  places.attn_out = find.linear(names.attn_out, hidden, hidden);
  places.mlp_norm = find.norm(!parallel, names.mlp_norm);
  places.mlp_in = parallel ? rows_of(places.qkv, 3 * hidden, wide) : find.linear(names.mlp_in, wide, hidden);
  places.mlp_slope = find.offset(names.mlp_activation + ".weight");
  places.mlp_out = find.linear(names.mlp_out, hidden, inner);
  return places;
}

HeadNames head_names(const TensorNames& names, HeadKind head) {
  switch (head) {
    case HeadKind::kNone:
    case HeadKind::kMaskedLm:
      return names.mlm_head();
    case HeadKind::kSequenceClassification:
    case HeadKind::kMultipleChoice:
      return names.sequence_head();
    case HeadKind::kTokenClassification:
      return names.token_head();
    case HeadKind::kQuestionAnswering:
      return names.answer_head();
  }
  return {};
}

int64_t head_outputs(const EncoderConfig& config, HeadKind head) {
  if (head == HeadKind::kMaskedLm) return config.vocab_size;
  if (head == HeadKind::kMultipleChoice) return 1;
  return head == HeadKind::kQuestionAnswering ? 2 : config.num_labels;
}

}  // namespace

ModelPlaces::ModelPlaces(const EncoderConfig& config, HeadKind head, const ParameterLayout& layout) {
  const Finder find(layout);
  const TensorNames names(config);
  const int64_t hidden = config.hidden_size;
  tokens = find.offset(names.tokens() + ".weight");
  positions = find.offset(names.positions() + ".weight");
  types = find.offset(names.types() + ".weight");
  embedding_norm = find.norm(config.embedding_norm, names.embedding_norm());
  for (int i = 0; i < config.num_hidden_layers; ++i) layers.push_back(layer_places(find, names, config, i));
  final_norm = find.norm(config.final_norm, names.final_norm());
  const HeadNames own = head_names(names, head);
  dense = find.linear(own.dense, hidden, hidden);
  head_slope = find.offset(own.activation + ".weight");
  head_norm = find.norm(true, own.norm);
  projection = find.linear(own.projection, head_outputs(config, head), hidden);
  projection.bias = find.offset(own.projection_bias);
  if (head == HeadKind::kMaskedLm && config.tie_word_embeddings) projection.weight = tokens;
}

}  // namespace modernbert
