#include "core/fail.h"
#include "tokenizer/bpe_model.h"
#include "tokenizer/reading/readers.h"
#include "tokenizer/word_piece_model.h"

namespace modernbert {
namespace {

Vocabulary read_vocabulary(const Component& component) {
  const Json& vocab = component.required("vocab");
  if (!vocab.is_object()) component.fields().reject("vocab", "an object of tokens and ids");
  Vocabulary vocabulary;
  vocabulary.reserve(vocab.size());
  for (const auto& [token, value] : vocab.items()) {
    if (!is_token_id(value))
      read_token_id(value, fmt::format("{}.vocab[{}]", component.where(), brief(token)));
    const auto id = value.get<int32_t>();
    if (!vocabulary.add(token, id)) {
      fail(ErrorCode::kInvalidFile, "{}.vocab gives the id {} to \"{}\" and to \"{}\"", component.where(), id,
           vocabulary.text(id), token);
    }
  }
  return vocabulary;
}

[[noreturn]] void reject_merge(const Component& component, size_t index, const Json& merge) {
  fail(ErrorCode::kInvalidFile, "{}.merges[{}] is {}, want \"left right\" or [\"left\", \"right\"]",
       component.where(), index, brief(merge));
}

MergeRule read_merge(const Component& component, size_t index, const Json& merge) {
  if (merge.is_array()) {
    if (merge.size() != 2 || !merge[0].is_string() || !merge[1].is_string())
      reject_merge(component, index, merge);
    return {merge[0].get<std::string>(), merge[1].get<std::string>()};
  }
  if (!merge.is_string()) reject_merge(component, index, merge);
  const auto& text = merge.get_ref<const std::string&>();
  const size_t space = text.find(' ');
  if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos) {
    reject_merge(component, index, merge);
  }
  return {text.substr(0, space), text.substr(space + 1)};
}

std::vector<MergeRule> read_merges(const Component& component) {
  const Json& list = component.required("merges");
  if (!list.is_array()) component.fields().reject("merges", "a list of merges");
  std::vector<MergeRule> merges;
  merges.reserve(list.size());
  for (size_t i = 0; i < list.size(); ++i) {
    const bool version_line =
        list[i].is_string() && list[i].get_ref<const std::string&>().starts_with("#version");
    if (!version_line) merges.push_back(read_merge(component, i, list[i]));
  }
  return merges;
}

ReadModel read_bpe(const Component& component, const ModelSettings& settings) {
  component.allow_only({"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
                        "byte_fallback", "ignore_merges", "vocab", "merges"});
  const JsonObject& fields = component.fields();
  if (const double dropout = fields.number("dropout", 0); dropout != 0) {
    fail(ErrorCode::kUnsupported, "{}.dropout is {}, which is not implemented, want 0 or null",
         component.where(), dropout);
  }
  BpeOptions options;
  options.unknown_token = fields.string("unk_token", "");
  options.continuing_prefix = fields.string("continuing_subword_prefix", "");
  options.end_of_word_suffix = fields.string("end_of_word_suffix", "");
  options.fuse_unknown = fields.boolean("fuse_unk", false);
  options.byte_fallback = fields.boolean("byte_fallback", false);
  options.ignore_merges = fields.boolean("ignore_merges", false);
  if (options.byte_fallback && !(options.continuing_prefix.empty() && options.end_of_word_suffix.empty())) {
    fail(ErrorCode::kUnsupported,
         "{}.byte_fallback with continuing_subword_prefix or end_of_word_suffix is not implemented",
         component.where());
  }
  Vocabulary vocabulary = read_vocabulary(component);
  const std::vector<MergeRule> merges = read_merges(component);
  const bool bytes = settings.may_read_bytes && bpe_covers_bytes(vocabulary, options);
  auto model = (bytes ? make_byte_bpe : make_bpe)(std::move(vocabulary), merges, options, component.source());
  return {std::move(model), bytes};
}

ReadModel read_word_piece(const Component& component) {
  component.allow_only({"unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"});
  WordPieceOptions options;
  options.unknown_token = component.required_string("unk_token");
  options.continuing_prefix = component.required_string("continuing_subword_prefix");
  component.required("max_input_chars_per_word");
  options.max_chars_per_word =
      static_cast<size_t>(component.fields().integer("max_input_chars_per_word", 100, 0, INT32_MAX));
  return {make_word_piece(read_vocabulary(component), options, component.source()), false};
}

// Files of the first versions have no type.
Json with_type(const Json& value) {
  Json typed = value;
  typed["type"] = value.contains("merges") ? "BPE" : "WordPiece";
  return typed;
}

}  // namespace

ReadModel read_model(const Json& value, const std::string& source, const ModelSettings& settings) {
  if (value.is_object() && !value.contains("type")) return read_model(with_type(value), source, settings);
  const Component component(value, source, "model");
  if (component.type() == "BPE") return read_bpe(component, settings);
  if (component.type() == "WordPiece") return read_word_piece(component);
  component.reject_type("BPE, WordPiece");
}

}  // namespace modernbert
