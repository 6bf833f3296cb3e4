#include "training/run/identity.h"

#include <fmt/format.h>

#include <set>

#include "core/crc32c.h"
#include "core/file.h"
#include "model/config_writer.h"

namespace modernbert {
namespace {

void add_fields(Json& identity, const std::string& section, const Json& fields) {
  for (const auto& [key, value] : fields.items()) identity[section + "." + key] = value;
}

Json tokenizer_fields(const std::filesystem::path& folder) {
  Json fields = Json::object();
  for (const char* name : {"tokenizer.json", "vocab.txt"}) {
    if (!std::filesystem::exists(folder / name)) continue;
    const std::string text = read_file(folder / name);
    fields[name] = fmt::format("{:08x}", crc32c(std::as_bytes(std::span(text))));
  }
  return fields;
}

Json optimizer_fields(const Recipe& recipe) {
  const OptimizerConfig& config = recipe.optimizer;
  return {{"name", to_string(config.kind)},
          {"learning_rate", config.learning_rate},
          {"weight_decay", config.weight_decay},
          {"decoupled_decay", config.decoupled_decay},
          {"beta1", config.beta1},
          {"beta2", config.beta2},
          {"epsilon", config.epsilon},
          {"muon_momentum", config.muon_momentum},
          {"clip_norm", recipe.clip_norm}};
}

// What a later phase may choose anew: the stream of windows and the optimiser's state go on.
bool may_change(const std::string& field) {
  return field.starts_with("schedule.") || field.starts_with("compute.") || field == "data.mask_probability";
}

}  // namespace

Json run_identity(const Recipe& recipe, const EncoderConfig& encoder, const std::filesystem::path& tokenizer,
                  const Json& data) {
  Json identity = Json::object();
  identity["seed"] = recipe.seed;
  add_fields(identity, "model", Json(config_json(encoder, "ForMaskedLM")));
  add_fields(identity, "model",
             {{"embedding_dropout", recipe.model.embedding_dropout},
              {"attention_dropout", recipe.model.attention_dropout},
              {"attention_out_dropout", recipe.model.attention_out_dropout},
              {"mlp_dropout", recipe.model.mlp_dropout}});
  add_fields(identity, "tokenizer", tokenizer_fields(tokenizer));
  add_fields(identity, "data", data);
  add_fields(
      identity, "data",
      {{"sequence_length", recipe.data.sequence_length}, {"mask_probability", recipe.data.mask_probability}});
  // Absent is greedy, as in checkpoints of the time before there was a choice.
  if (recipe.data.packing != RowPacking::kGreedy) identity["data.packing"] = to_string(recipe.data.packing);
  add_fields(identity, "batch",
             {{"sequences", recipe.batch.sequences},
              {"micro_batch", recipe.batch.micro_batch},
              {"warmup_from", recipe.batch.warmup_from},
              {"warmup_tokens", recipe.batch.warmup_tokens}});
  add_fields(identity, "optimizer", optimizer_fields(recipe));
  if (recipe.optimizer.kind == OptimizerKind::kMuon)
    identity["optimizer.muon_update"] = recipe.optimizer.muon_update;
  add_fields(identity, "loss",
             {{"label_smoothing", recipe.loss.label_smoothing}, {"z_loss", recipe.loss.z_loss}});
  if (recipe.loss.logit_scale != 1) identity["loss.logit_scale"] = recipe.loss.logit_scale;
  add_fields(identity, "schedule",
             {{"kind", to_string(recipe.schedule.kind)},
              {"tokens", recipe.schedule.total},
              {"warmup_tokens", recipe.schedule.warmup},
              {"decay_tokens", recipe.schedule.decay},
              {"final_share", recipe.schedule.final_share}});
  add_fields(identity, "compute", {{"dtype", to_string(recipe.compute.dtype)}});
  return identity;
}

IdentityDifferences compare_identities(const Json& was, const Json& is) {
  std::set<std::string> fields;
  for (const Json* side : {&was, &is}) {
    for (const auto& [key, value] : side->items()) fields.insert(key);
  }
  IdentityDifferences differences;
  const auto text = [](const Json& object, const std::string& field) {
    return object.contains(field) ? brief(object[field]) : std::string("absent");
  };
  for (const std::string& field : fields) {
    if (was.contains(field) && is.contains(field) && was[field] == is[field]) continue;
    const std::string line = fmt::format("{} was {}, is {}", field, text(was, field), text(is, field));
    (may_change(field) ? differences.allowed : differences.fatal).push_back(line);
  }
  return differences;
}

}  // namespace modernbert
