#include "core/fail.h"
#include "tokenizer/reading/readers.h"

namespace modernbert {
namespace {

constexpr std::string_view kPostProcessors =
    "TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel, Sequence";
constexpr int32_t kMaxTypeId = 1 << 20;

struct SpecialTokens {
  std::vector<int32_t> ids;
  std::vector<std::string> tokens;
};

// One entry of TemplateProcessing's special_tokens: a name for one or more tokens.
SpecialTokens read_special_tokens(const Component& component, const std::string& name) {
  const JsonObject all(component.required("special_tokens"), component.where() + ".special_tokens");
  const Json* entry = all.find(name);
  if (entry == nullptr) {
    fail(ErrorCode::kInvalidFile, "{} uses the special token \"{}\", which its special_tokens do not define",
         component.where(), name);
  }
  const std::string where = fmt::format("{}.special_tokens[\"{}\"]", component.where(), name);
  const JsonObject fields(*entry, where);
  const Json* ids = fields.find("ids");
  const Json* tokens = fields.find("tokens");
  const bool lists = ids && tokens && ids->is_array() && tokens->is_array() && ids->size() == tokens->size();
  if (!lists)
    fail(ErrorCode::kInvalidFile, "{} is {}, want ids and tokens of the same length", where, brief(*entry));
  SpecialTokens special;
  for (const Json& id : *ids) special.ids.push_back(read_token_id(id, where + ".ids"));
  for (const Json& token : *tokens) {
    if (!token.is_string())
      fail(ErrorCode::kInvalidFile, "{}.tokens holds {}, want strings", where, brief(token));
    special.tokens.push_back(token.get<std::string>());
  }
  return special;
}

[[noreturn]] void reject_piece(const std::string& where, const Json& piece) {
  fail(ErrorCode::kInvalidFile,
       "{} is {}, want {{\"SpecialToken\": {{id, type_id}}}} or {{\"Sequence\": {{id: \"A\" or \"B\", "
       "type_id}}}}",
       where, brief(piece));
}

TemplatePiece read_piece(const Component& component, const std::string& where, const Json& piece) {
  if (!piece.is_object() || piece.size() != 1) reject_piece(where, piece);
  const std::string kind = piece.begin().key();
  const JsonObject fields(piece.begin().value(), where + "." + kind);
  const std::string id = fields.string("id", "");
  TemplatePiece result{TemplatePiece::kSpecial};
  result.type_id = static_cast<int32_t>(fields.integer("type_id", 0, 0, kMaxTypeId));
  if (kind == "SpecialToken") {
    auto [ids, tokens] = read_special_tokens(component, id);
    result.ids = std::move(ids);
    result.tokens = std::move(tokens);
  } else if (kind == "Sequence" && (id == "A" || id == "B")) {
    result.kind = id == "A" ? TemplatePiece::kFirst : TemplatePiece::kSecond;
    result.overflow_type_id = id == "A" ? 0 : 1;
  } else {
    reject_piece(where, piece);
  }
  return result;
}

Template read_template(const Component& component, const std::string& name, bool pair) {
  const Json& pieces = component.required(name);
  if (!pieces.is_array()) component.fields().reject(name, "a list of template pieces");
  Template result;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const std::string where = fmt::format("{}.{}[{}]", component.where(), name, i);
    result.push_back(read_piece(component, where, pieces[i]));
    if (!pair && result.back().kind == TemplatePiece::kSecond) {
      fail(ErrorCode::kInvalidFile, "{} is the sequence B, want A only in the template of a single text",
           where);
    }
  }
  return result;
}

Template without_specials(const Template& pieces) {
  Template bare;
  for (const TemplatePiece& piece : pieces) {
    if (piece.kind != TemplatePiece::kSpecial) bare.push_back(piece);
  }
  return bare;
}

PostProcessor read_template_processing(const Component& component) {
  component.allow_only({"single", "pair", "special_tokens"});
  PostProcessor result;
  result.single = read_template(component, "single", /*pair=*/false);
  result.pair = read_template(component, "pair", /*pair=*/true);
  result.bare_single = without_specials(result.single);
  result.bare_pair = without_specials(result.pair);
  return result;
}

// `cls` and `sep` of the BERT kinds: ["[SEP]", 102].
TemplatePiece read_named_token(const Component& component, const std::string& name, int32_t type_id) {
  const Json& value = component.required(name);
  if (!value.is_array() || value.size() != 2 || !value[0].is_string()) {
    component.fields().reject(name, "[token, id]");
  }
  TemplatePiece piece{TemplatePiece::kSpecial, type_id};
  piece.ids = {read_token_id(value[1], component.where() + "." + name)};
  piece.tokens = {value[0].get<std::string>()};
  return piece;
}

PostProcessor read_bert_processing(const Component& component) {
  component.allow_only({"cls", "sep"});
  const TemplatePiece cls = read_named_token(component, "cls", 0);
  const TemplatePiece sep = read_named_token(component, "sep", 0);
  const TemplatePiece last_sep = read_named_token(component, "sep", 1);
  PostProcessor result;
  result.single = {cls, {TemplatePiece::kFirst, 0, 0}, sep};
  result.pair = {cls, {TemplatePiece::kFirst, 0, 0}, sep, {TemplatePiece::kSecond, 1, 1}, last_sep};
  return result;
}

PostProcessor read_roberta_processing(const Component& component) {
  component.allow_only({"cls", "sep", "trim_offsets", "add_prefix_space"});
  const TemplatePiece cls = read_named_token(component, "cls", 0);
  const TemplatePiece sep = read_named_token(component, "sep", 0);
  PostProcessor result;
  result.single = {cls, {TemplatePiece::kFirst, 0, 0}, sep};
  result.pair = {cls, {TemplatePiece::kFirst, 0, 0}, sep, sep, {TemplatePiece::kSecond, 0, 0}, sep};
  result.bare_pair = {{TemplatePiece::kFirst, 0, 0}, {TemplatePiece::kSecond, 0, 1}};
  const bool add_prefix_space = component.required_boolean("add_prefix_space");
  if (component.required_boolean("trim_offsets")) result.trims.push_back({add_prefix_space});
  return result;
}

PostProcessor read_byte_level(const Component& component) {
  component.allow_only({"add_prefix_space", "trim_offsets", "use_regex"});
  PostProcessor result;
  const bool add_prefix_space = component.required_boolean("add_prefix_space");
  if (component.required_boolean("trim_offsets")) result.trims.push_back({add_prefix_space});
  return result;
}

PostProcessor read_post_processors(const Component& component) {
  component.allow_only({"processors"});
  PostProcessor result;
  bool has_template = false;
  for (const Component& step : component.list("processors")) {
    PostProcessor next = read_post_processor(step);
    next.trims.insert(next.trims.begin(), result.trims.begin(), result.trims.end());
    if (step.type() == "ByteLevel") {
      result.trims = std::move(next.trims);
      continue;
    }
    if (has_template) {
      fail(ErrorCode::kUnsupported, "{}: {} adds special tokens more than once, which is not implemented",
           component.source(), component.role());
    }
    has_template = true;
    result = std::move(next);
  }
  return result;
}

}  // namespace

PostProcessor read_post_processor(const Component& component) {
  const std::string& type = component.type();
  if (type == "TemplateProcessing") return read_template_processing(component);
  if (type == "BertProcessing") return read_bert_processing(component);
  if (type == "RobertaProcessing") return read_roberta_processing(component);
  if (type == "ByteLevel") return read_byte_level(component);
  if (type == "Sequence") return read_post_processors(component);
  component.reject_type(kPostProcessors);
}

}  // namespace modernbert
