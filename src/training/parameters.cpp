#include "training/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace modernbert {
namespace {

constexpr int64_t kAlignment = 16;  // floats of a cache line

// Lists the parameters of a model in the order of its forward pass.
class Listing {
 public:
  explicit Listing(const EncoderConfig& config)
      : config_(config), hidden_(config.hidden_size), is_bert_(config.model_type == "bert") {}

  std::vector<ParameterInfo> list(HeadKind head) {
    embeddings();
    for (int i = 0; i < config_.num_hidden_layers; ++i) is_bert_ ? bert_layer(i) : modernbert_layer(i);
    if (config_.final_norm) norm("model.final_norm", config_.norm_bias);
    is_bert_ ? bert_head(head) : modernbert_head(head);
    return std::move(list_);
  }
  int64_t size() const { return size_; }

 private:
  void add(std::string name, std::vector<int64_t> shape, bool joined = false) {
    if (!joined) size_ = (size_ + kAlignment - 1) / kAlignment * kAlignment;
    int64_t size = 1;
    for (const int64_t extent : shape) size *= extent;
    list_.push_back({std::move(name), std::move(shape), size_, size});
    size_ += size;
  }
  void norm(const std::string& stem, bool has_bias) {
    add(stem + ".weight", {hidden_});
    if (has_bias) add(stem + ".bias", {hidden_});
  }
  void linear(const std::string& stem, int64_t out, int64_t in, bool has_bias) {
    add(stem + ".weight", {out, in});
    if (has_bias) add(stem + ".bias", {out});
  }

  void embeddings() {
    const std::string stem = is_bert_ ? "bert.embeddings." : "model.embeddings.";
    add(stem + (is_bert_ ? "word_embeddings.weight" : "tok_embeddings.weight"),
        {config_.vocab_size, hidden_});
    if (config_.position_kind == PositionKind::kAbsolute)
      add(stem + "position_embeddings.weight", {config_.max_position_embeddings, hidden_});
    if (config_.type_vocab_size > 0)
      add(stem + "token_type_embeddings.weight", {config_.type_vocab_size, hidden_});
    norm(stem + (is_bert_ ? "LayerNorm" : "norm"), config_.norm_bias);
  }

  void modernbert_layer(int index) {
    const std::string stem = fmt::format("model.layers.{}.", index);
    const int64_t inner = config_.intermediate_size;
    if (index > 0 || !config_.skip_first_prenorm) norm(stem + "attn_norm", config_.norm_bias);
    linear(stem + "attn.Wqkv", 3 * hidden_, hidden_, config_.attention_bias);
    linear(stem + "attn.Wo", hidden_, hidden_, config_.attention_bias);
    norm(stem + "mlp_norm", config_.norm_bias);
    linear(stem + "mlp.Wi", 2 * inner, hidden_, config_.mlp_bias);
    linear(stem + "mlp.Wo", hidden_, inner, config_.mlp_bias);
  }

  void bert_layer(int index) {
    const std::string stem = fmt::format("bert.encoder.layer.{}.", index);
    constexpr std::array kParts = {"query", "key", "value"};
    for (const auto* part : kParts)
      add(stem + "attention.self." + part + ".weight", {hidden_, hidden_}, part != kParts[0]);
    for (const auto* part : kParts)
      add(stem + "attention.self." + part + ".bias", {hidden_}, part != kParts[0]);
    linear(stem + "attention.output.dense", hidden_, hidden_, true);
    norm(stem + "attention.output.LayerNorm", true);
    linear(stem + "intermediate.dense", config_.intermediate_size, hidden_, true);
    linear(stem + "output.dense", hidden_, config_.intermediate_size, true);
    norm(stem + "output.LayerNorm", true);
  }

  void prediction_head(const PredictionHeadConfig& head, const std::string& dense,
                       const std::string& head_norm) {
    if (head.dense) linear(dense, hidden_, hidden_, head.dense_bias);
    if (head.norm) norm(head_norm, head.norm_bias);
  }

  void decoder(const std::string& weight, const std::string& bias) {
    if (!config_.tie_word_embeddings) add(weight, {config_.vocab_size, hidden_});
    if (config_.decoder_bias) add(bias, {config_.vocab_size});
  }

  void modernbert_head(HeadKind head) {
    if (head == HeadKind::kNone) return;
    const bool pooled = head == HeadKind::kSequenceClassification || head == HeadKind::kMultipleChoice;
    prediction_head(head == HeadKind::kMaskedLm ? config_.mlm_head
                    : pooled                    ? config_.sequence_head
                                                : config_.token_head,
                    "head.dense", "head.norm");
    if (head == HeadKind::kMaskedLm) return decoder("decoder.weight", "decoder.bias");
    linear("classifier", outputs(head), hidden_, true);
  }

  void bert_head(HeadKind head) {
    if (head == HeadKind::kNone) return;
    if (head == HeadKind::kMaskedLm) {
      prediction_head(config_.mlm_head, "cls.predictions.transform.dense",
                      "cls.predictions.transform.LayerNorm");
      return decoder("cls.predictions.decoder.weight", "cls.predictions.bias");
    }
    const bool pooled = head == HeadKind::kSequenceClassification || head == HeadKind::kMultipleChoice;
    prediction_head(pooled ? config_.sequence_head : config_.token_head,
                    pooled ? "bert.pooler.dense" : "head.dense", "head.norm");
    linear(head == HeadKind::kQuestionAnswering ? "qa_outputs" : "classifier", outputs(head), hidden_, true);
  }

  int64_t outputs(HeadKind head) const {
    if (head == HeadKind::kMultipleChoice) return 1;
    return head == HeadKind::kQuestionAnswering ? 2 : config_.num_labels;
  }

  const EncoderConfig& config_;
  int64_t hidden_;
  bool is_bert_;
  std::vector<ParameterInfo> list_;
  int64_t size_ = 0;
};

// `name` with its ending replaced; empty where it ends otherwise.
std::string with_ending(const std::string& name, std::string_view ending, std::string_view other) {
  if (!name.ends_with(ending)) return {};
  return name.substr(0, name.size() - ending.size()) + std::string(other);
}

// The names that files use for a parameter, the usual one first.
std::vector<std::string> names_in_files(const std::string& name) {
  std::vector<std::string> names = {name};
  for (const std::string prefix : {"model.", "bert."}) {
    if (!name.starts_with(prefix)) continue;
    names.push_back(name.substr(prefix.size()));
    names.push_back("encoder." + name.substr(prefix.size()));
  }
  // Files of the TensorFlow era say gamma and beta.
  for (size_t i = 0, count = names.size(); i < count; ++i) {
    names.push_back(with_ending(names[i], "LayerNorm.weight", "LayerNorm.gamma"));
    names.push_back(with_ending(names[i], "LayerNorm.bias", "LayerNorm.beta"));
  }
  names.push_back(with_ending(name, "cls.predictions.bias", "cls.predictions.decoder.bias"));
  return names;
}

const Tensor& require_parameter(const Weights& weights, const ParameterInfo& parameter) {
  for (const std::string& name : names_in_files(parameter.name)) {
    if (weights.find(name) != nullptr) return weights.require(name, parameter.shape);
  }
  return weights.require(parameter.name, parameter.shape);  // says that it is missing
}

}  // namespace

ParameterLayout::ParameterLayout(const EncoderConfig& config, HeadKind head) {
  Listing listing(config);
  parameters_ = listing.list(head);
  size_ = listing.size();
  for (size_t i = 0; i < parameters_.size(); ++i) index_[parameters_[i].name] = i;
}

const ParameterInfo* ParameterLayout::find(std::string_view name) const {
  const auto it = index_.find(std::string(name));
  return it == index_.end() ? nullptr : &parameters_[it->second];
}

ParameterBlock::ParameterBlock(std::shared_ptr<const ParameterLayout> layout)
    : layout_(std::move(layout)), values_(static_cast<size_t>(layout_->size())) {
  std::ranges::fill(values(), 0.0f);
}

void load_parameters(const Weights& weights, ParameterBlock& block) {
  for (const ParameterInfo& parameter : block.layout().parameters())
    std::ranges::copy(require_parameter(weights, parameter).to_floats(), block.of(parameter).begin());
}

}  // namespace modernbert
