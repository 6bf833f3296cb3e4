#include "training/recipe/recipe.h"

#include <array>

#include "core/fail.h"
#include "training/recipe/flexbert_model.h"
#include "training/recipe/recipe_section.h"

namespace modernbert {
namespace {

constexpr int64_t kMaxTokens = 1'000'000'000'000'000;
constexpr int64_t kMaxSteps = 1'000'000'000;
constexpr int64_t kMaxLength = 1 << 20;
constexpr int64_t kMaxSequences = 1 << 24;

// Fields of config.json that decide the encoder; those after the bar keep its tensors' shapes and may change
// when a checkpoint is trained on.
constexpr std::array kShapeFields = {"vocab_size",
                                     "hidden_size",
                                     "intermediate_size",
                                     "num_hidden_layers",
                                     "num_attention_heads",
                                     "hidden_activation",
                                     "norm_eps",
                                     "norm_bias",
                                     "attention_bias",
                                     "mlp_bias",
                                     "decoder_bias",
                                     "classifier_bias",
                                     "classifier_activation",
                                     "tie_word_embeddings",
                                     "layer_types",
                                     "global_attn_every_n_layers"};
constexpr std::array kFreeFields = {"local_attention", "global_rope_theta", "local_rope_theta",
                                    "max_position_embeddings"};

// Fields under Hugging Face's names.
void read_shape(RecipeSection& section, const RecipeNode* node, ModelRecipe& model) {
  const auto take = [&](const char* name) {
    if (section.node(name) != nullptr) model.fields.entries.push_back(*node->find(name));
  };
  for (const char* name : kFreeFields) take(name);
  for (const char* name : kShapeFields) {
    take(name);
    if (!section.has(name)) continue;
    if (!model.from.empty()) section.reject(name, "contradicts model.from: the checkpoint decides it");
    if (model.is_flexbert)
      section.reject(name, "contradicts model.model_config: the shape is written in one of them");
  }
}

void read_initialization(RecipeSection& section, Initialization& init) {
  init.method = section.choice("init_method", init.method, parse_init_method);
  init.deviation = section.number("initializer_range", init.deviation, 0, 10);
  if (section.has("initializer_cutoff_factor"))
    init.cutoff = section.number("initializer_cutoff_factor", 2, 0.1, 100);
  section.node("initializer_cutoff_factor");
}

// What the framework's recipes write beside model_config; tokenizer and weights come from elsewhere here.
void skip_framework_fields(RecipeSection& section) {
  const std::string name = section.text("name", "flex_bert");
  if (name != "flex_bert") section.reject("name", fmt::format("is \"{}\", want flex_bert", name));
  for (const char* field : {"pretrained_model_name", "tokenizer_name"}) section.node(field);
}

ModelRecipe read_model(RecipeSection section, const RecipeNode* node, LossRecipe& loss) {
  ModelRecipe model;
  model.from = section.text("from", "");
  model.tile_from = section.text("tile_from", "");
  if (!model.from.empty() && !model.tile_from.empty())
    section.reject("tile_from", "contradicts model.from: weights come from one of them");
  model.fields.kind = RecipeNode::Kind::kMap;
  model.is_flexbert = section.has("model_config");
  if (model.is_flexbert && !model.from.empty())
    section.reject("model_config", "contradicts model.from: the checkpoint decides the shape");
  RecipeSection flexbert = section.section("model_config");
  if (model.is_flexbert) read_flexbert_model(flexbert, *section.node("model_config"), model, loss);
  if (model.is_flexbert) skip_framework_fields(section);
  read_shape(section, node, model);
  read_initialization(section, model.init);
  const auto rate = [&](const char* name, double& value) { value = section.number(name, value, 0, 0.99); };
  rate("embedding_dropout", model.embedding_dropout);
  rate("attention_dropout", model.attention_dropout);
  rate("attention_out_dropout", model.attention_out_dropout);
  rate("mlp_dropout", model.mlp_dropout);
  section.reject_unknown();
  return model;
}

std::vector<DataSource> read_sources(RecipeSection& section, const std::string& name) {
  std::vector<DataSource> sources;
  for (RecipeSection& entry : section.sections(name)) {
    DataSource source;
    source.path = entry.text("path", "");
    if (source.path.empty())
      entry.reject("path", "is missing, want a folder made by modernbert tokenize-corpus");
    source.weight = entry.number("weight", 0, 0, 1e9);
    entry.reject_unknown();
    if (!sources.empty() && (source.weight > 0) != (sources.front().weight > 0))
      section.reject(name, "some sources have a weight and some have none, want it for all or for none");
    sources.push_back(source);
  }
  return sources;
}

DataRecipe read_data(RecipeSection section) {
  DataRecipe data;
  data.sources = read_sources(section, "sources");
  if (data.sources.empty()) section.reject("sources", "is missing, want at least one {path: FOLDER}");
  data.sequence_length = section.count("sequence_length", data.sequence_length, 8, kMaxLength);
  data.mask_probability = section.number("mask_probability", data.mask_probability, 0.01, 0.99);
  data.mask_share = section.number("mask_share", data.mask_share, 0, 1);
  data.random_share = section.number("random_share", data.random_share, 0, 1);
  if (data.mask_share + data.random_share > 1)
    section.reject("random_share",
                   "more than all: mask_share and random_share are shares of the predicted tokens");
  data.whole_words = section.boolean("whole_words", false);
  data.packing = section.choice("packing", data.packing, parse_packing);
  section.reject_unknown();
  return data;
}

BatchRecipe read_batch(RecipeSection section) {
  BatchRecipe batch;
  batch.sequences = section.count("sequences", batch.sequences, 1, kMaxSequences);
  batch.micro_batch = section.count("micro_batch", std::min<int64_t>(batch.sequences, 8), 1, kMaxSequences);
  batch.warmup_from = section.count("warmup_from", 0, 0, kMaxSequences);
  batch.warmup_tokens = section.count("warmup_tokens", 0, 0, kMaxTokens);
  const auto multiple = [&](const char* name, int64_t value) {
    if (value % batch.micro_batch == 0) return;
    section.reject(name,
                   fmt::format("is {}, want a multiple of batch.micro_batch {}", value, batch.micro_batch));
  };
  multiple("sequences", batch.sequences);
  multiple("warmup_from", batch.warmup_from);
  if (batch.warmup_from > batch.sequences)
    section.reject("warmup_from",
                   fmt::format("is {}, want at most batch.sequences {}", batch.warmup_from, batch.sequences));
  if ((batch.warmup_from > 0) != (batch.warmup_tokens > 0))
    section.reject(batch.warmup_from > 0 ? "warmup_from" : "warmup_tokens",
                   "contradicts its partner: warmup_from and warmup_tokens need each other");
  section.reject_unknown();
  return batch;
}

OptimizerConfig read_optimizer(RecipeSection section, double& clip_norm) {
  OptimizerConfig config;
  config.kind = section.choice("name", config.kind, parse_optimizer);
  config.learning_rate = section.number("learning_rate", config.learning_rate, 1e-12, 10);
  config.weight_decay = section.number("weight_decay", config.weight_decay, 0, 1);
  config.decoupled_decay = section.boolean("decoupled_decay", config.decoupled_decay);
  config.beta1 = section.number("beta1", config.beta1, 0, 0.9999999);
  config.beta2 = section.number("beta2", config.beta2, 0, 0.9999999);
  config.epsilon = section.number("epsilon", config.epsilon, 1e-16, 1);
  config.muon_momentum = section.number("muon_momentum", config.muon_momentum, 0, 0.9999999);
  config.muon_update = section.number("muon_update", config.muon_update, 1e-6, 100);
  for (const char* field : {"muon_momentum", "muon_update"}) {
    if (section.has(field) && config.kind != OptimizerKind::kMuon)
      section.reject(field, "contradicts optimizer.name: only muon has it");
  }
  clip_norm = section.number("clip_norm", 0, 0, 1e9);
  section.reject_unknown();
  return config;
}

Schedule read_schedule(RecipeSection section) {
  Schedule schedule;
  schedule.kind = section.choice("kind", ScheduleKind::kWsdOneMinusSqrt, parse_schedule);
  const int64_t total = section.count("tokens", 0, 1, kMaxTokens);
  if (total == 0) section.reject("tokens", "is missing, want the number of tokens to train on, such as 20M");
  const int64_t warmup = section.count("warmup_tokens", 0, 0, kMaxTokens);
  const int64_t decay = section.count("decay_tokens", 0, 0, kMaxTokens);
  const bool decays_late = to_string(schedule.kind).starts_with("wsd");
  if (decay > 0 && !decays_late)
    section.reject("decay_tokens",
                   fmt::format("contradicts schedule.kind {}: only the wsd kinds have a decay at the end",
                               to_string(schedule.kind)));
  if (warmup + decay > total)
    section.reject(
        decay > 0 ? "decay_tokens" : "warmup_tokens",
        fmt::format("warmup {} and decay {} are longer than the run's {} tokens", warmup, decay, total));
  schedule.warmup = static_cast<double>(warmup);
  schedule.total = static_cast<double>(total);
  schedule.decay = static_cast<double>(decay);
  schedule.final_share = section.number("final_share", 0, 0, 1);
  section.reject_unknown();
  return schedule;
}

// loss: what the model's section has said.
LossRecipe read_loss(RecipeSection section, LossRecipe loss) {
  loss.label_smoothing = section.number("label_smoothing", loss.label_smoothing, 0, 0.999);
  loss.z_loss = section.number("z_loss", loss.z_loss, 0, 1);
  loss.logit_scale = section.number("logit_scale", loss.logit_scale, 1e-6, 1e6);
  section.reject_unknown();
  return loss;
}

EvaluationRecipe read_evaluation(RecipeSection section, uint64_t seed) {
  EvaluationRecipe evaluation;
  evaluation.every = section.count("every", evaluation.every, 0, kMaxSteps);
  evaluation.batches = section.count("batches", evaluation.batches, 1, kMaxSteps);
  evaluation.mask_probability = section.number("mask_probability", evaluation.mask_probability, 0.01, 0.99);
  evaluation.seed = static_cast<uint64_t>(section.count("seed", static_cast<int64_t>(seed), 0, kMaxTokens));
  evaluation.sentences = section.texts("sentences");
  for (const std::string& sentence : evaluation.sentences) {
    if (sentence.find("[MASK]") == std::string::npos)
      section.reject("sentences", fmt::format("\"{}\" has no [MASK]", sentence));
  }
  section.reject_unknown();
  return evaluation;
}

CheckpointRecipe read_checkpoint(RecipeSection section) {
  CheckpointRecipe checkpoint;
  checkpoint.every = section.count("every", checkpoint.every, 1, kMaxSteps);
  checkpoint.keep = section.count("keep", checkpoint.keep, 1, 1'000'000);
  section.reject_unknown();
  return checkpoint;
}

ComputeType parse_training_type(std::string_view name, std::string_view field) {
  if (name == "auto") return ComputeType::kAuto;
  if (name == "fp32") return ComputeType::kFp32;
  if (name == "bf16") return ComputeType::kBf16;
  fail(ErrorCode::kInvalidFile, "{} is \"{}\", want auto, fp32 or bf16", field, name);
}

ComputeRecipe read_compute(RecipeSection section) {
  ComputeRecipe compute;
  compute.dtype = section.choice("dtype", compute.dtype, parse_training_type);
  compute.threads = static_cast<int>(section.count("threads", 0, 0, 4096));
  compute.recompute = section.boolean("recompute", false);
  compute.memory_gib = section.number("memory_gib", 0, 0, 1e6);
  section.reject_unknown();
  return compute;
}

WireType parse_wire(std::string_view name, std::string_view field) {
  if (name == "fp32") return WireType::kFp32;
  if (name == "bf16") return WireType::kBf16;
  fail(ErrorCode::kInvalidFile, "{} is \"{}\", want fp32 or bf16", field, name);
}

DistributedRecipe read_distributed(RecipeSection section) {
  DistributedRecipe distributed;
  distributed.bucket_mib = section.number("bucket_mib", distributed.bucket_mib, 0.001, 1024);
  distributed.wire = section.choice("wire", distributed.wire, parse_wire);
  distributed.timeout_s = section.number("timeout_s", distributed.timeout_s, 1, 86400);
  distributed.stall_timeout_s = section.number("stall_timeout_s", distributed.stall_timeout_s, 1, 864000);
  section.reject_unknown();
  return distributed;
}

}  // namespace

BatchWarmup BatchRecipe::warmup() const {
  const int64_t most = sequences / micro_batch;
  if (warmup_from == 0) return BatchWarmup(most);
  return {warmup_from / micro_batch, most, warmup_tokens};
}

Recipe parse_recipe_tree(RecipeNode tree) {
  Recipe recipe;
  recipe.tree = std::move(tree);
  RecipeSection root(recipe.tree, "");
  recipe.name = root.text("name", "run");
  recipe.seed = static_cast<uint64_t>(root.count("seed", 17, 0, kMaxTokens));
  recipe.tokenizer = root.text("tokenizer", "");
  RecipeSection model = root.section("model");
  recipe.model = read_model(model, root.node("model"), recipe.loss);
  recipe.data = read_data(root.section("data"));
  recipe.batch = read_batch(root.section("batch"));
  recipe.optimizer = read_optimizer(root.section("optimizer"), recipe.clip_norm);
  recipe.schedule = read_schedule(root.section("schedule"));
  recipe.loss = read_loss(root.section("loss"), recipe.loss);
  recipe.evaluation = read_evaluation(root.section("evaluation"), recipe.seed);
  recipe.checkpoint = read_checkpoint(root.section("checkpoint"));
  recipe.compute = read_compute(root.section("compute"));
  recipe.distributed = read_distributed(root.section("distributed"));
  recipe.max_skipped_steps = root.count("max_skipped_steps", recipe.max_skipped_steps, 1, kMaxSteps);
  root.reject_unknown();
  return recipe;
}

}  // namespace modernbert
