#include "training/model/model_places.h"

#include <fmt/format.h>

namespace modernbert {
namespace {

class Finder {
 public:
  explicit Finder(const ParameterLayout& layout) : layout_(layout) {}

  int64_t offset(const std::string& name) const {
    const ParameterInfo* info = layout_.find(name);
    return info == nullptr ? kNowhere : info->offset;
  }
  NormPlaces norm(const std::string& stem) const {
    return {offset(stem + ".weight"), offset(stem + ".bias")};
  }
  LinearPlaces linear(const std::string& stem, int64_t out, int64_t in) const {
    return {out, in, offset(stem + ".weight"), offset(stem + ".bias")};
  }

 private:
  const ParameterLayout& layout_;
};

LayerPlaces modernbert_layer(const Finder& find, const EncoderConfig& config, int index) {
  const std::string stem = fmt::format("model.layers.{}.", index);
  const int64_t hidden = config.hidden_size, inner = config.intermediate_size;
  return {find.norm(stem + "attn_norm"),
          find.linear(stem + "attn.Wqkv", 3 * hidden, hidden),
          find.linear(stem + "attn.Wo", hidden, hidden),
          find.norm(stem + "mlp_norm"),
          find.linear(stem + "mlp.Wi", 2 * inner, hidden),
          find.linear(stem + "mlp.Wo", hidden, inner)};
}

LayerPlaces bert_layer(const Finder& find, const EncoderConfig& config, int index) {
  const std::string stem = fmt::format("bert.encoder.layer.{}.", index);
  const int64_t hidden = config.hidden_size, inner = config.intermediate_size;
  // Keys and values follow the queries.
  return {find.norm(stem + "attention.output.LayerNorm"),
          find.linear(stem + "attention.self.query", 3 * hidden, hidden),
          find.linear(stem + "attention.output.dense", hidden, hidden),
          find.norm(stem + "output.LayerNorm"),
          find.linear(stem + "intermediate.dense", inner, hidden),
          find.linear(stem + "output.dense", hidden, inner)};
}

}  // namespace

ModelPlaces::ModelPlaces(const EncoderConfig& config, HeadKind head, const ParameterLayout& layout) {
  const Finder find(layout);
  const bool bert = config.model_type == "bert";
  const std::string stem = bert ? "bert.embeddings." : "model.embeddings.";
  const int64_t hidden = config.hidden_size;
  tokens = find.offset(stem + (bert ? "word_embeddings.weight" : "tok_embeddings.weight"));
  positions = find.offset(stem + "position_embeddings.weight");
  types = find.offset(stem + "token_type_embeddings.weight");
  embedding_norm = find.norm(stem + (bert ? "LayerNorm" : "norm"));
  for (int i = 0; i < config.num_hidden_layers; ++i)
    layers.push_back(bert ? bert_layer(find, config, i) : modernbert_layer(find, config, i));
  final_norm = find.norm("model.final_norm");
  if (head == HeadKind::kMaskedLm) {
    dense = find.linear(bert ? "cls.predictions.transform.dense" : "head.dense", hidden, hidden);
    head_norm = find.norm(bert ? "cls.predictions.transform.LayerNorm" : "head.norm");
    projection = find.linear(bert ? "cls.predictions.decoder" : "decoder", config.vocab_size, hidden);
    if (config.tie_word_embeddings) projection.weight = tokens;
    if (bert) projection.bias = find.offset("cls.predictions.bias");
    return;
  }
  const bool pooled = head == HeadKind::kSequenceClassification || head == HeadKind::kMultipleChoice;
  dense = find.linear(bert && pooled ? "bert.pooler.dense" : "head.dense", hidden, hidden);
  head_norm = find.norm("head.norm");
  const int64_t outputs = head == HeadKind::kMultipleChoice      ? 1
                          : head == HeadKind::kQuestionAnswering ? 2
                                                                 : config.num_labels;
  const bool answers = bert && head == HeadKind::kQuestionAnswering;
  projection = find.linear(answers ? "qa_outputs" : "classifier", outputs, hidden);
}

}  // namespace modernbert
