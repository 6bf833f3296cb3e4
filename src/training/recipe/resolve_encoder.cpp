// From a recipe's model section to an EncoderConfig, through the reader of config.json: one set of rules.
#include <algorithm>

#include "core/fail.h"
#include "core/json.h"
#include "model/config_writer.h"
#include "training/recipe/recipe.h"
#include "training/recipe/recipe_section.h"

namespace modernbert {
namespace {

using Kind = RecipeNode::Kind;

// As YAML's core schema reads plain scalars; counts may have their suffixes.
Json to_json(const RecipeNode& node) {
  if (node.kind == Kind::kList) {
    Json list = Json::array();
    for (const RecipeNode& item : node.list) list.push_back(to_json(item));
    return list;
  }
  if (node.kind == Kind::kMap) {
    Json map = Json::object();
    for (const RecipeNode::Entry& entry : node.entries) map[entry.key] = to_json(entry.value);
    return map;
  }
  if (node.kind == Kind::kNull) return nullptr;
  if (node.quoted) return node.text;
  if (node.text == "true" || node.text == "false") return node.text == "true";
  if (const auto count = parse_count(node.text)) return *count;
  const Json number = Json::parse(node.text, nullptr, /*allow_exceptions=*/false);
  return number.is_number() ? number : Json(node.text);
}

// The entry whose field an error of the config's reader is about.
const RecipeNode::Entry* culprit(const RecipeNode& fields, std::string_view message) {
  const auto it = std::ranges::find_if(fields.entries, [&](const RecipeNode::Entry& entry) {
    return message.find(entry.key + " is ") != std::string_view::npos ||
           message.find(entry.key + " has ") != std::string_view::npos;
  });
  return it == fields.entries.end() ? nullptr : &*it;
}

EncoderConfig parse_fields(const Recipe& recipe, const Json& json) {
  const std::string source = "model";
  try {
    return parse_config(json.dump(), source);
  } catch (const Error& error) {
    const RecipeNode::Entry* entry = culprit(recipe.model.fields, error.what());
    throw Error(error.code(),
                fmt::format("{}: {}", entry != nullptr ? entry->where : recipe.tree.where, error.what()));
  }
}

Json fields_json(const Recipe& recipe) {
  Json json = Json::object();
  for (const RecipeNode::Entry& entry : recipe.model.fields.entries) json[entry.key] = to_json(entry.value);
  return json;
}

double number_or(const Json& json, const char* name, double other) {
  return json.contains(name) && json[name].is_number() ? json[name].get<double>() : other;
}

// What may change on the way from one phase of a training to the next.
EncoderConfig adapt(EncoderConfig config, const Recipe& recipe) {
  const Json json = fields_json(recipe);
  // Checked by the same reader, on a config of the same shape.
  Json probe = json;
  probe["model_type"] = "modernbert";
  const EncoderConfig checked = parse_fields(recipe, probe);
  if (json.contains("max_position_embeddings"))
    config.max_position_embeddings = checked.max_position_embeddings;
  for (LayerConfig& layer : config.layers) {
    const bool global = layer.window < 0;
    layer.rope_theta = number_or(json, global ? "global_rope_theta" : "local_rope_theta", layer.rope_theta);
    if (!global && json.contains("local_attention"))
      layer.window = json["local_attention"].get<int32_t>() / 2;
  }
  return config;
}

void check_vocabulary(const Recipe& recipe, const EncoderConfig& config, const TokenizerFacts& tokenizer) {
  if (config.vocab_size >= tokenizer.vocab_size) return;
  const RecipeNode::Entry* entry = recipe.model.fields.find("vocab_size");
  fail(ErrorCode::kInvalidFile,
       "{}: model.vocab_size: is {}, want at least {}, the tokenizer's number of tokens",
       entry != nullptr ? entry->where : recipe.tree.where, config.vocab_size, tokenizer.vocab_size);
}

}  // namespace

EncoderConfig resolve_encoder(const Recipe& recipe, const std::optional<EncoderConfig>& base,
                              const TokenizerFacts& tokenizer) {
  EncoderConfig config;
  if (base) {
    config = adapt(*base, recipe);
  } else {
    Json json = fields_json(recipe);
    json["model_type"] = recipe.model.is_flexbert ? "flex_bert" : "modernbert";
    if (!json.contains("vocab_size")) json["vocab_size"] = tokenizer.vocab_size;
    if (!json.contains("max_position_embeddings"))
      json["max_position_embeddings"] = recipe.data.sequence_length;
    config = in_widest_family(parse_fields(recipe, json));
    config.pad_token_id = tokenizer.pad;
    config.bos_token_id = config.cls_token_id = tokenizer.cls;
    config.eos_token_id = config.sep_token_id = tokenizer.sep;
  }
  check_vocabulary(recipe, config, tokenizer);
  if (config.max_position_embeddings < recipe.data.sequence_length)
    fail(ErrorCode::kInvalidFile,
         "{}: data.sequence_length: is {}, want at most model.max_position_embeddings {}", recipe.tree.where,
         recipe.data.sequence_length, config.max_position_embeddings);
  return config;
}

}  // namespace modernbert
