#include <algorithm>

#include "core/fail.h"
#include "core/logging.h"
#include "tokenizer/reading/readers.h"
#include "tokenizer/reading/tokenizer_files.h"

namespace modernbert {
namespace {

constexpr std::string_view kFields[] = {"version",        "truncation", "padding",
                                        "added_tokens",   "normalizer", "pre_tokenizer",
                                        "post_processor", "decoder",    "model"};

void check_fields(const JsonObject& file) {
  for (const auto& [name, value] : file.json().items()) {
    if (std::find(std::begin(kFields), std::end(kFields), name) != std::end(kFields)) continue;
    fail(ErrorCode::kUnsupported, "{}: the field \"{}\" is not implemented", file.source(), name);
  }
  const std::string version = file.string("version", "1.0");
  if (version != "1.0") {
    fail(ErrorCode::kUnsupported, "{}: version \"{}\" is not implemented, want \"1.0\"", file.source(),
         version);
  }
}

void check_choice(const JsonObject& fields, const std::string& name,
                  std::initializer_list<std::string_view> choices) {
  const std::string value = fields.string(name, std::string(*choices.begin()));
  if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
    fields.reject(name, fmt::format("one of {}", fmt::join(choices, ", ")));
  }
}

// Callers say how to cut and pad; what the file says must be well-formed all the same.
void check_truncation(const JsonObject& file) {
  const auto fields = file.object("truncation");
  if (!fields) return;
  fields->integer("max_length", 0, 0, INT64_MAX);
  fields->integer("stride", 0, 0, INT64_MAX);
  check_choice(*fields, "direction", {"Right", "Left"});
  check_choice(*fields, "strategy", {"LongestFirst", "OnlyFirst", "OnlySecond"});
}

void check_padding(const JsonObject& file) {
  const auto fields = file.object("padding");
  if (!fields) return;
  const Json* strategy = fields->find("strategy");
  const bool fixed = strategy && strategy->is_object() && strategy->size() == 1 &&
                     strategy->contains("Fixed") && (*strategy)["Fixed"].is_number_unsigned();
  if (!fixed) check_choice(*fields, "strategy", {"BatchLongest"});
  check_choice(*fields, "direction", {"Right", "Left"});
  fields->integer("pad_to_multiple_of", 1, 0, INT64_MAX);
  fields->integer("pad_id", 0, 0, kMaxTokenId - 1);
  fields->integer("pad_type_id", 0, 0, INT32_MAX);
  fields->string("pad_token", "[PAD]");
}

AddedToken read_added_token(const Json& value, const std::string& where) {
  const JsonObject fields(value, where);
  for (const auto& [name, unused] : value.items()) {
    constexpr std::string_view kKnown[] = {"id",     "content", "single_word", "lstrip",
                                           "rstrip", "special", "normalized"};
    if (std::find(std::begin(kKnown), std::end(kKnown), name) != std::end(kKnown)) continue;
    fail(ErrorCode::kUnsupported, "{}.{} is not implemented", where, name);
  }
  AddedToken token;
  token.id = read_token_id(value.value("id", Json()), where + ".id");
  token.content = fields.string("content", "");
  if (token.content.empty()) fields.reject("content", "the token's text");
  token.single_word = fields.boolean("single_word", false);
  token.lstrip = fields.boolean("lstrip", false);
  token.rstrip = fields.boolean("rstrip", false);
  token.special = fields.boolean("special", false);
  token.normalized = fields.boolean("normalized", !token.special);
  return token;
}

// The model's vocabulary has the last word on ids, as in the reference.
void settle_id(AddedToken& token, const Vocabulary& vocabulary, const std::string& where) {
  const auto id = vocabulary.find(token.content);
  if (id && *id != token.id) {
    log_warning("{}: \"{}\" has the id {} but {} in the model's vocabulary, which is used", where,
                token.content, token.id, *id);
    token.id = *id;
  } else if (!id && vocabulary.has(token.id)) {
    fail(ErrorCode::kInvalidFile, "{}: \"{}\" has the id {}, which is that of \"{}\"", where, token.content,
         token.id, vocabulary.text(token.id));
  }
}

std::vector<AddedToken> read_added_tokens(const JsonObject& file, const Vocabulary& vocabulary) {
  std::vector<AddedToken> tokens;
  const Json* list = file.find("added_tokens");
  if (list == nullptr) return tokens;
  if (!list->is_array()) file.reject("added_tokens", "a list of tokens");
  std::unordered_map<std::string, int32_t> ids;
  std::unordered_map<int32_t, std::string> contents;
  for (size_t i = 0; i < list->size(); ++i) {
    const std::string where = fmt::format("{}: added_tokens[{}]", file.source(), i);
    AddedToken token = read_added_token((*list)[i], where);
    settle_id(token, vocabulary, where);
    if (!ids.emplace(token.content, token.id).second) {
      fail(ErrorCode::kInvalidFile, "{}: \"{}\" is there twice", where, token.content);
    }
    const auto [place, is_new] = contents.emplace(token.id, token.content);
    if (!is_new) {
      fail(ErrorCode::kInvalidFile, "{}: \"{}\" has the id {}, which is that of \"{}\"", where, token.content,
           token.id, place->second);
    }
    tokens.push_back(std::move(token));
  }
  return tokens;
}

void check_template_ids(const Pipeline& pipeline, const std::string& source) {
  for (const Template* pieces : {&pipeline.post_processor.single, &pipeline.post_processor.pair}) {
    for (const TemplatePiece& piece : *pieces) {
      for (size_t i = 0; i < piece.ids.size(); ++i) {
        const int32_t id = piece.ids[i];
        if (pipeline.model->vocabulary().has(id) || pipeline.added->find(id) != nullptr) continue;
        fail(ErrorCode::kInvalidFile, "{}: post_processor adds \"{}\" with the id {}, which no token has",
             source, piece.tokens[i], id);
      }
    }
  }
}

void read_word_steps(const JsonObject& file, const TokenizerConfig& config, Pipeline& pipeline) {
  if (!file.has("model")) file.reject("model", "a model");
  const Json& model_json = *file.find("model");
  const Json* pre_json = file.find("pre_tokenizer");
  if (pre_json == nullptr) {
    pipeline.model = read_model(model_json, file.source(), {}).model;
    return;
  }
  const Component component(*pre_json, file.source(), "pre_tokenizer");
  const int byte_levels = count_byte_levels(component);
  const bool may_read_bytes = byte_levels == 1 && ends_with_byte_level(component);
  ReadModel read = read_model(model_json, file.source(), {may_read_bytes});
  PreTokenizerSettings settings;
  settings.bytes_as_is = read.reads_bytes;
  if (component.type() == "ByteLevel") settings.add_prefix_space = config.add_prefix_space;
  pipeline.model = std::move(read.model);
  pipeline.pre_tokenizer = read_pre_tokenizer(component, settings);
  pipeline.byte_level = byte_levels > 0;
}

}  // namespace

Pipeline read_tokenizer_json(std::string_view text, const std::string& source,
                             const TokenizerConfig& config) {
  const Json json = parse_json(text, source);
  const JsonObject file(json, source);
  check_fields(file);
  check_truncation(file);
  check_padding(file);
  Pipeline pipeline;
  if (file.has("normalizer")) {
    pipeline.normalizer = read_normalizer(Component(*file.find("normalizer"), source, "normalizer"));
  }
  read_word_steps(file, config, pipeline);
  pipeline.added = std::make_shared<AddedVocabulary>(read_added_tokens(file, pipeline.model->vocabulary()),
                                                     pipeline.normalizer.get());
  if (file.has("post_processor")) {
    pipeline.post_processor =
        read_post_processor(Component(*file.find("post_processor"), source, "post_processor"));
  }
  check_template_ids(pipeline, source);
  if (file.has("decoder"))
    pipeline.decoder = read_decoder(Component(*file.find("decoder"), source, "decoder"));
  return pipeline;
}

}  // namespace modernbert
