#include "core/fail.h"
#include "core/utf8.h"
#include "tokenizer/reading/tokenizer_files.h"
#include "tokenizer/word_piece_model.h"

namespace modernbert {
namespace {

Vocabulary read_lines(std::string_view text, const std::string& source) {
  if (const auto byte = find_invalid_utf8(text)) {
    fail(ErrorCode::kInvalidFile, "{}: invalid UTF-8 at byte {}", source, *byte);
  }
  Vocabulary vocabulary;
  int32_t id = 0;
  while (!text.empty()) {
    if (id == kMaxTokenId) fail(ErrorCode::kInvalidFile, "{}: more than {} lines", source, kMaxTokenId);
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    vocabulary.add(std::string(line), id++);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return vocabulary;
}

// The token of a role with its id, or nullopt if the vocabulary lacks it.
std::optional<AddedToken> find_role(const Vocabulary& vocabulary, const TokenizerConfig& config,
                                    const std::string& role, const std::string& default_content) {
  AddedToken token;
  token.content = default_content;
  token.normalized = false;
  token.special = true;
  if (const auto it = config.roles.find(role); it != config.roles.end()) token = it->second;
  const auto id = vocabulary.find(token.content);
  if (!id) return std::nullopt;
  token.id = *id;
  return token;
}

TemplatePiece special_piece(const AddedToken& token, int32_t type_id) {
  TemplatePiece piece{TemplatePiece::kSpecial, type_id};
  piece.ids = {token.id};
  piece.tokens = {token.content};
  return piece;
}

PostProcessor bert_template(const AddedToken& cls, const AddedToken& sep) {
  PostProcessor rules;
  const TemplatePiece first{TemplatePiece::kFirst, 0, 0}, second{TemplatePiece::kSecond, 1, 1};
  rules.single = {special_piece(cls, 0), first, special_piece(sep, 0)};
  rules.pair = {special_piece(cls, 0), first, special_piece(sep, 0), second, special_piece(sep, 1)};
  return rules;
}

}  // namespace

Pipeline read_vocab_txt(std::string_view text, const std::string& source, const TokenizerConfig& config) {
  Vocabulary vocabulary = read_lines(text, source);
  const auto cls = find_role(vocabulary, config, "cls_token", "[CLS]");
  const auto sep = find_role(vocabulary, config, "sep_token", "[SEP]");
  const auto unknown = find_role(vocabulary, config, "unk_token", "[UNK]");
  if (!cls || !sep || !unknown) {
    fail(ErrorCode::kInvalidFile, "{}: lacks the {} token, want a BERT vocabulary", source,
         !cls   ? "[CLS]"
         : !sep ? "[SEP]"
                : "[UNK]");
  }
  std::vector<AddedToken> added = {*unknown, *sep};
  if (const auto pad = find_role(vocabulary, config, "pad_token", "[PAD]")) added.push_back(*pad);
  added.push_back(*cls);
  if (const auto mask = find_role(vocabulary, config, "mask_token", "[MASK]")) added.push_back(*mask);

  BertNormalizerOptions normalizer;
  normalizer.lowercase = config.do_lower_case;
  normalizer.strip_accents = config.strip_accents.value_or(config.do_lower_case);
  normalizer.handle_chinese_chars = config.tokenize_chinese_chars;
  WordPieceOptions word_piece;
  word_piece.unknown_token = unknown->content;

  Pipeline pipeline;
  pipeline.normalizer = make_bert_normalizer(normalizer);
  pipeline.pre_tokenizer = make_bert_pre_tokenizer();
  pipeline.added = std::make_shared<AddedVocabulary>(std::move(added), pipeline.normalizer.get());
  pipeline.post_processor = bert_template(*cls, *sep);
  pipeline.decoder = make_word_piece_decoder("##", /*cleanup=*/true);
  pipeline.model = make_word_piece(std::move(vocabulary), word_piece, source);
  return pipeline;
}

}  // namespace modernbert
