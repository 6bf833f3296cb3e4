#include "training/parameters.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "model/tensor_names.h"

namespace modernbert {
namespace {

constexpr int64_t kAlignment = 16;  // floats of a cache line

// Lists the parameters of a model in the order of its forward pass.
class Listing {
 public:
  explicit Listing(const EncoderConfig& config)
      : config_(config), names_(config), hidden_(config.hidden_size), inner_(config.intermediate_size) {}

  std::vector<ParameterInfo> list(HeadKind head) {
    embeddings();
    for (int i = 0; i < config_.num_hidden_layers; ++i) layer(i);
    if (config_.final_norm) norm(names_.final_norm(), config_.norm_bias);
    add_head(head);
    return std::move(list_);
  }
  int64_t size() const { return size_; }

 private:
  // maps: none = the rows are one map.
  void add(std::string name, std::vector<int64_t> shape, std::vector<int64_t> maps = {},
           bool joined = false) {
    if (!joined) size_ = (size_ + kAlignment - 1) / kAlignment * kAlignment;
    int64_t size = 1;
    for (const int64_t extent : shape) size *= extent;
    if (maps.empty()) maps = {shape[0]};
    list_.push_back({std::move(name), std::move(shape), size_, size, std::move(maps)});
    size_ += size;
  }
  void norm(const std::string& stem, bool has_bias) {
    if (config_.norm_weight) add(stem + ".weight", {hidden_});
    if (has_bias) add(stem + ".bias", {hidden_});
  }
  void linear(const std::string& stem, int64_t out, int64_t in, bool has_bias,
              const std::vector<int64_t>& maps = {}) {
    add(stem + ".weight", {out, in}, maps);
    if (has_bias) add(stem + ".bias", {out}, maps);
  }

  void activation(Activation kind, const std::string& stem) {
    if (kind == Activation::kPrelu) add(stem + ".weight", {1});
  }

  void embeddings() {
    add(names_.tokens() + ".weight", {config_.vocab_size, hidden_});
    if (config_.absolute_positions)
      add(names_.positions() + ".weight", {config_.max_position_embeddings, hidden_});
    if (config_.type_vocab_size > 0) add(names_.types() + ".weight", {config_.type_vocab_size, hidden_});
    if (config_.embedding_norm) norm(names_.embedding_norm(), config_.norm_bias);
  }

  void layer(int index) {
    const LayerNames names = names_.layer(index);
    const LayerConfig& config = config_.layers[static_cast<size_t>(index)];
    const bool parallel = config.block == BlockKind::kParallel;
    const std::vector<int64_t> halves(config.mlp == MlpKind::kGlu ? 2 : 1, inner_);
    std::vector<int64_t> inputs(3, hidden_);
    if (parallel) inputs.insert(inputs.end(), halves.begin(), halves.end());
    if (config_.has_attn_norm(static_cast<size_t>(index))) norm(names.attn_norm, config_.norm_bias);
    joined_linear(names.qkv, inputs, config_.attn_qkv_bias);
    linear(names.attn_out, hidden_, hidden_, config_.attn_out_bias);
    if (!parallel) {
      norm(names.mlp_norm, config_.norm_bias);
      linear(names.mlp_in, sum_of(halves), hidden_, config_.mlp_in_bias, halves);
    }
    activation(config_.hidden_activation, names.mlp_activation);
    linear(names.mlp_out, hidden_, inner_, config_.mlp_out_bias);
  }

  static int64_t sum_of(const std::vector<int64_t>& rows) {
    return std::accumulate(rows.begin(), rows.end(), int64_t{0});
  }

  // The maps of one matrix: one tensor, or as many as there are names.
  void joined_linear(const std::vector<std::string>& names, const std::vector<int64_t>& maps, bool has_bias) {
    if (names.size() == 1) return linear(names[0], sum_of(maps), hidden_, has_bias, maps);
    for (size_t i = 0; i < names.size(); ++i) add(names[i] + ".weight", {maps[i], hidden_}, {}, i > 0);
    if (!has_bias) return;
    for (size_t i = 0; i < names.size(); ++i) add(names[i] + ".bias", {maps[i]}, {}, i > 0);
  }

  void prediction_head(const PredictionHeadConfig& head, const HeadNames& names) {
    if (head.dense) linear(names.dense, hidden_, hidden_, head.dense_bias);
    activation(head.activation, names.activation);
    if (head.norm) norm(names.norm, head.norm_bias);
  }

  void add_head(HeadKind head) {
    switch (head) {
      case HeadKind::kNone:
        return;
      case HeadKind::kMaskedLm:
        return masked_lm_head();
      case HeadKind::kSequenceClassification:
        return classifier(config_.sequence_head, names_.sequence_head(), config_.num_labels);
      case HeadKind::kMultipleChoice:
        return classifier(config_.sequence_head, names_.sequence_head(), 1);
      case HeadKind::kTokenClassification:
        return classifier(config_.token_head, names_.token_head(), config_.num_labels);
      case HeadKind::kQuestionAnswering:
        return classifier(config_.token_head, names_.answer_head(), 2);
    }
  }

  void masked_lm_head() {
    const HeadNames names = names_.mlm_head();
    prediction_head(config_.mlm_head, names);
    if (!config_.tie_word_embeddings) add(names.projection + ".weight", {config_.vocab_size, hidden_});
    if (config_.decoder_bias) add(names.projection_bias, {config_.vocab_size});
  }

  void classifier(const PredictionHeadConfig& head, const HeadNames& names, int64_t outputs) {
    prediction_head(head, names);
    linear(names.projection, outputs, hidden_, true);
  }

  const EncoderConfig& config_;
  TensorNames names_;
  int64_t hidden_, inner_;
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
