#include "tasks/cross_encoder.h"

#include <algorithm>

#include "core/fail.h"
#include "ops/rowwise/activations.h"
#include "tasks/window_logits.h"

namespace modernbert {
namespace {

// What turns a cross-encoder's logit into its score: config_sentence_transformers.json's activation_fn, else
// config.json's sentence_transformers.activation_fn, else its older key, else the sigmoid.
Activation score_activation(const Model& model, const SentenceTransformerConfig& config) {
  if (config.activation) return parse_torch_activation(*config.activation, config.source + ": activation_fn");
  const auto path = model.impl().encoder_folder / "config.json";
  const auto json = read_json_file_if_exists(path).value_or(Json::object());
  const JsonObject fields(json, path.string());
  const std::string legacy = fields.string("sbert_ce_default_activation_function", "");
  const auto nested = fields.object("sentence_transformers");
  const std::string name = nested ? nested->string("activation_fn", legacy) : legacy;
  return name.empty() ? Activation::kSigmoid
                      : parse_torch_activation(name, path.string() + ": activation_fn");
}

}  // namespace

CrossEncoder::CrossEncoder(Model model)
    : model_(std::move(model)),
      tokenizer_(sentence_tokenizer(model_)),
      config_(read_sentence_transformer_config(model_.folder())),
      activation_(score_activation(model_, config_)) {
  const bool has_modules = read_modules(model_.folder()).size() > 1;
  if (has_modules) {
    pipeline_ = ModulePipeline::load(model_.folder(), *model_.impl().encoder, ModuleLevel::kSentence);
    check_labels(pipeline_->width(kScores));
  } else {
    check_labels(model_.config().num_labels);
    head_ = std::make_unique<SequenceClassifier>(model_.impl().encoder);
  }
}

std::vector<float> CrossEncoder::logits(std::span<const std::string> queries,
                                        std::span<const std::string> documents,
                                        const LongInputOptions& long_input) const {
  const std::string prompt = resolve_prompt(config_, std::nullopt, std::nullopt);
  std::vector<std::string> prompted(queries.begin(), queries.end());
  for (std::string& query : prompted) query.insert(0, prompt);
  WindowOptions options = window_options(long_input, model_.impl());
  if (options.mode == LongInput::kChunk) options.pair_side = TruncationStrategy::kOnlySecond;
  const std::vector<TextWindows> pairs = encode_pairs(tokenizer_, prompted, documents, options);
  std::vector<float> best;
  for (const Matrix& rows : window_logits(
           model_.impl(), pairs,
           [this](const TokenBatch&batch, Matrix hidden) { return run(batch, std::move(hidden)); })) {
    best.push_back(*std::max_element(rows.values().begin(), rows.values().end()));
  }
  return best;
}

void CrossEncoder::check_labels(int64_t labels) const {
  if (labels != 1) {
    fail(ErrorCode::kUnsupported, "{}: reranking needs one label, this model has {}",
         model_.folder().string(), labels);
  }
}

Matrix CrossEncoder::run(const TokenBatch& batch, Matrix hidden) const {
  if (head_) return head_->logits(batch, hidden.view());
  return pipeline_->run(std::move(hidden), batch.cu_seqlens, {}, kScores);
}

}  // namespace modernbert
