#include "tasks/multi_vector_config.h"

#include <algorithm>
#include <array>

#include "core/fail.h"
#include "core/logging.h"
#include "tasks/model_impl.h"
#include "tasks/sentence_transformers/folder.h"
#include "tasks/sentence_transformers/module.h"

namespace modernbert {
namespace {

constexpr std::array<const char*, 6> kPylateFields = {"query_prefix",       "document_prefix",
                                                      "query_length",       "document_length",
                                                      "do_query_expansion", "skiplist_words"};

bool has_pylate_fields(const SentenceTransformerConfig& config) {
  return std::any_of(kPylateFields.begin(), kPylateFields.end(),
                     [&](const char* field) { return config.json.contains(field); });
}

// What PyLate drops from documents where the folder does not say: ASCII punctuation.
Json default_skiplist() {
  Json words = Json::array();
  for (const char c : std::string_view("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"))
    words.push_back(std::string(1, c));
  return words;
}

std::set<int32_t> token_ids(const Tokenizer& tokenizer, const Json& words, const std::string& source) {
  std::set<int32_t> ids;
  if (!words.is_array()) {
    fail(ErrorCode::kInvalidFile, "{}: skiplist_words is {}, want an array", source, brief(words));
  }
  for (const Json& word : words) {
    if (!word.is_string()) {
      fail(ErrorCode::kInvalidFile, "{}: skiplist_words holds {}, want strings", source, brief(word));
    }
    if (const auto id = tokenizer.token_to_id(word.get<std::string>())) {
      ids.insert(*id);
    } else {
      log_warning("{}: skiplist word {} is no token of this tokenizer", source, brief(word));
    }
  }
  return ids;
}

std::optional<int32_t> marker_id(const Tokenizer& tokenizer, const JsonObject& config,
                                 const std::string& field, const std::string& default_text) {
  const std::string text = config.string(field, default_text);
  if (text.empty()) return std::nullopt;
  const auto id = tokenizer.token_to_id(text);
  if (!id) config.reject(field, fmt::format("a token of the tokenizer (\"{}\" is none)", text));
  return id;
}

// PyLate's choice of the filling: the mask token, else the closing one, else padding.
int32_t filling_token(const Tokenizer& tokenizer, const std::string& source) {
  for (const auto id : {tokenizer.mask_id(), tokenizer.sep_id(), tokenizer.pad_id()}) {
    if (id) return *id;
  }
  fail(ErrorCode::kInvalidFile, "{}: query expansion needs a mask token, which the tokenizer lacks", source);
}

MultiVectorConfig read_pylate(const SentenceTransformerConfig& config, const Tokenizer& tokenizer) {
  const JsonObject fields(config.json, config.source);
  MultiVectorConfig result;
  const std::string prompt = resolve_prompt(config, std::nullopt, std::nullopt);
  result.query.prompt = prompt;
  result.document.prompt = prompt;
  result.query.marker = marker_id(tokenizer, fields, "query_prefix", "[Q] ");
  result.document.marker = marker_id(tokenizer, fields, "document_prefix", "[D] ");
  result.query.max_length = static_cast<int32_t>(fields.integer("query_length", 32, 1, kMaxFileLength));
  result.document.max_length =
      static_cast<int32_t>(fields.integer("document_length", 180, 1, kMaxFileLength));
  const Json* words = fields.find("skiplist_words");
  result.document.skiplist = token_ids(tokenizer, words ? *words : default_skiplist(), config.source);
  if (fields.boolean("do_query_expansion", true)) {
    result.expansion_length = result.query.max_length;
    result.expansion_token = filling_token(tokenizer, config.source);
    result.attend_to_expansion = fields.boolean("attend_to_expansion_tokens", false);
  }
  return result;
}

std::string prompt_of(const SentenceTransformerConfig& config, const std::string& name) {
  const auto it = config.prompts.find(name);
  return it != config.prompts.end() ? it->second : resolve_prompt(config, std::nullopt, std::nullopt);
}

// The skiplist of a MultiVectorMask module, for the sides that it names.
void read_mask_module(const ModuleEntry& entry, const Tokenizer& tokenizer, MultiVectorConfig& result) {
  const ModuleConfig config(entry);
  const JsonObject& fields = config.fields();
  if (fields.has("keep_only_token_ids")) {
    fail(ErrorCode::kUnsupported, "{}: keep_only_token_ids is not implemented", fields.source());
  }
  const Json* words = fields.find("skiplist_words");
  if (words == nullptr) return;
  const std::set<int32_t> ids = token_ids(tokenizer, *words, fields.source());
  const Json* named = fields.find("skiplist_tasks");
  const Json tasks = named ? *named : Json("document");
  const auto applies = [&](const char* task) {
    return tasks.is_array() ? std::find(tasks.begin(), tasks.end(), task) != tasks.end() : tasks == task;
  };
  if (applies("query")) result.query.skiplist = ids;
  if (applies("document")) result.document.skiplist = ids;
}

void read_expansion(const JsonObject& expansion, const Tokenizer& tokenizer, MultiVectorConfig& result) {
  const std::string strategy = expansion.string("strategy", "");
  if (strategy != "fixed" && strategy != "min") expansion.reject("strategy", "\"fixed\" or \"min\"");
  const auto length = static_cast<int32_t>(expansion.integer("length", 0, 1, kMaxFileLength));
  if (length == 0) expansion.reject("length", "a number of tokens");
  result.expansion_length = length;
  result.query.max_length = strategy == "fixed" ? length : std::max(length, result.query.max_length);
  result.attend_to_expansion = expansion.boolean("attend", false);
  if (!expansion.has("token")) {
    result.expansion_token = filling_token(tokenizer, expansion.source());
    return;
  }
  const auto id = tokenizer.token_to_id(expansion.string("token", ""));
  if (!id) expansion.reject("token", "a token of the tokenizer");
  result.expansion_token = *id;
}

MultiVectorConfig read_native(const Model& model, const SentenceTransformerConfig& config,
                              const Tokenizer& tokenizer) {
  const TransformerSettings settings = read_transformer_settings(model.impl().encoder_folder);
  const JsonObject fields(settings.json, settings.source);
  MultiVectorConfig result;
  result.query.prompt = prompt_of(config, "query");
  result.document.prompt = prompt_of(config, "document");
  const int32_t limit = model.max_length();
  result.query.max_length = static_cast<int32_t>(fields.integer("query_length", limit, 1, kMaxFileLength));
  result.document.max_length =
      static_cast<int32_t>(fields.integer("document_length", limit, 1, kMaxFileLength));
  if (const auto expansion = fields.object("query_expansion")) read_expansion(*expansion, tokenizer, result);
  for (const ModuleEntry& entry : read_modules(model.folder())) {
    if (entry.type == "MultiVectorMask") read_mask_module(entry, tokenizer, result);
  }
  return result;
}

}  // namespace

void refuse_stanford_colbert(const Model& model) {
  const std::vector<std::string>& names = model.config().architectures;
  const bool named = std::find(names.begin(), names.end(), "HF_ColBERT") != names.end();
  // Its own files beside a PyLate folder's do no harm.
  if (!named || std::filesystem::exists(model.folder() / "modules.json")) return;
  fail(ErrorCode::kUnsupported,
       "{}: architectures is HF_ColBERT (a checkpoint of Stanford's ColBERT), which is not supported; want a "
       "folder of PyLate's, with modules.json (PyLate reads this one and saves it as such)",
       (model.impl().encoder_folder / "config.json").string());
}

bool is_multi_vector_folder(const std::filesystem::path& folder) {
  const SentenceTransformerConfig config = read_sentence_transformer_config(folder);
  if (config.model_type == "ColBERT" || config.model_type == "MultiVectorEncoder") return true;
  if (has_pylate_fields(config)) return true;
  const std::vector<ModuleEntry> modules = read_modules(folder);
  return std::any_of(modules.begin(), modules.end(), [](const ModuleEntry& module) {
    return module.type == "MultiVectorMask" || module.dotted_type.starts_with("pylate.");
  });
}

MultiVectorConfig read_multi_vector_config(const Model& model, const Tokenizer& tokenizer) {
  refuse_stanford_colbert(model);
  const SentenceTransformerConfig config = read_sentence_transformer_config(model.folder());
  const bool native = config.model_type == "MultiVectorEncoder" && !has_pylate_fields(config);
  return native ? read_native(model, config, tokenizer) : read_pylate(config, tokenizer);
}

}  // namespace modernbert
