#include "training/run/standard_workshop.h"

#include "core/fail.h"
#include "corpus/training_data.h"
#include "training/model/resolve_options.h"
#include "training/model/trained_masked_lm.h"

namespace modernbert {
namespace {

TrainingDataOptions data_options(const Recipe& recipe, double mask_probability) {
  TrainingDataOptions options;
  for (const DataSource& source : recipe.data.sources)
    options.datasets.push_back({source.path, source.weight});
  options.max_length = static_cast<int32_t>(recipe.data.sequence_length);
  options.micro_batch_tokens = static_cast<int32_t>(recipe.batch.micro_batch * recipe.data.sequence_length);
  options.masking.rate = mask_probability;
  options.masking.mask_share = recipe.data.mask_share;
  options.masking.random_share = recipe.data.random_share;
  options.masking.whole_words = recipe.data.whole_words;
  options.packing = recipe.data.packing;
  options.seed = recipe.seed;
  return options;
}

TrainingOptions model_options(const Recipe& recipe) {
  TrainingOptions options;
  options.dtype = recipe.compute.dtype;
  options.recompute = recipe.compute.recompute;
  options.embedding_dropout = recipe.model.embedding_dropout;
  options.attention_dropout = recipe.model.attention_dropout;
  options.attn_out_dropout = recipe.model.attention_out_dropout;
  options.mlp_dropout = recipe.model.mlp_dropout;
  options.loss.label_smoothing = recipe.loss.label_smoothing;
  options.loss.z_loss = recipe.loss.z_loss;
  options.loss.logit_scale = recipe.loss.logit_scale;
  return options;
}

class DatasetStream : public BatchStream {
 public:
  explicit DatasetStream(const TrainingDataOptions& options) : data_(options) {}
  std::optional<MaskedLmBatch> next() override { return data_.next(); }
  Json state() const override { return data_.state(); }
  void restore(const Json& state) override { data_.restore(state); }
  const Tokenizer& tokenizer() const { return data_.tokenizer(); }

 private:
  TrainingData data_;
};

}  // namespace

std::unique_ptr<TrainedModel> StandardWorkshop::make_model(const EncoderConfig& encoder, const Recipe& recipe,
                                                           int threads) {
  TrainingOptions options = model_options(recipe);
  options.threads = threads;
  return std::make_unique<TrainedMaskedLm>(encoder, options);
}

std::unique_ptr<BatchStream> StandardWorkshop::make_training_data(const Recipe& recipe,
                                                                  const Tokenizer& tokenizer,
                                                                  const Communicator& processes) {
  TrainingDataOptions options = data_options(recipe, recipe.data.mask_probability);
  options.rank = processes.rank();
  options.ranks = processes.size();
  auto stream = std::make_unique<DatasetStream>(options);
  // The recipe may name a tokenizer of its own; with another one, ids would mean other tokens.
  if (stream->tokenizer().vocab_size() != tokenizer.vocab_size())
    fail(ErrorCode::kInvalidArgument,
         "the data sets were made with a tokenizer of {} tokens, the run's has {}: leave `tokenizer` out",
         stream->tokenizer().vocab_size(), tokenizer.vocab_size());
  return stream;
}

std::vector<MaskedLmBatch> StandardWorkshop::make_heldout(const Recipe& recipe, const Tokenizer&) {
  TrainingDataOptions options = data_options(recipe, recipe.evaluation.mask_probability);
  options.seed = recipe.evaluation.seed;
  return held_out_batches(options, recipe.evaluation.batches * options.micro_batch_tokens);
}

double StandardWorkshop::activation_bytes_per_row(const EncoderConfig& encoder, const Recipe& recipe) {
  const bool bf16 = resolve_options(model_options(recipe)).dtype == ComputeType::kBf16;
  const double element = bf16 ? sizeof(Bf16) : sizeof(float);
  const double hidden = encoder.hidden_size, inner = encoder.intermediate_size;
  const double layers = encoder.num_hidden_layers;
  // Of each layer (EncoderPass keeps it): both norms, queries, keys, values, context; the wide rows of the
  // MLP.
  const double layer = element * (6 * hidden + 2 * inner) + sizeof(float) * encoder.num_attention_heads;
  const double kept = recipe.compute.recompute ? layer + layers * sizeof(float) * hidden : layers * layer;
  // The stream and its gradient in fp32, rows on their way through one layer.
  const double passing = 2 * sizeof(float) * hidden + element * (9 * hidden + 4 * inner);
  return static_cast<double>(recipe.data.sequence_length) * (kept + passing);
}

Json StandardWorkshop::data_identity(const Recipe&) {
  return Json::object();
}

}  // namespace modernbert
