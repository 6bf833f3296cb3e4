#include "tokenizer/word_piece_model.h"

#include "core/fail.h"
#include "core/utf8.h"
#include "tokenizer/byte_trie.h"

namespace modernbert {
namespace {

class WordPieceModel : public SubwordModel {
 public:
  WordPieceModel(Vocabulary vocabulary, const WordPieceOptions& options, const std::string& source)
      : vocabulary_(std::move(vocabulary)), options_(options) {
    const auto unknown = vocabulary_.find(options.unknown_token);
    if (!unknown) {
      fail(ErrorCode::kInvalidFile, "{}: the unknown token \"{}\" is not in the vocabulary", source,
           options.unknown_token);
    }
    unknown_ = *unknown;
    build_tries();
  }

  void split(std::string_view word, std::vector<Subword>& out) const override {
    const size_t first = out.size();
    if (!append_pieces(word, out)) {
      out.resize(first);
      out.push_back({unknown_, static_cast<uint32_t>(word.size())});
    }
  }

  const Vocabulary& vocabulary() const override { return vocabulary_; }
  std::string_view continuing_prefix() const override { return options_.continuing_prefix; }
  std::optional<int32_t> unknown_id() const override { return unknown_; }

 private:
  void build_tries() {
    std::vector<std::pair<std::string_view, int32_t>> first, continuing;
    for (const auto& [token, id] : vocabulary_.entries()) {
      if (vocabulary_.find(*token) != id) continue;  // an earlier line of a token that comes again
      const std::string_view text = *token;
      if (!text.empty()) first.emplace_back(text, id);
      const size_t prefix = options_.continuing_prefix.size();
      if (text.starts_with(options_.continuing_prefix) && text.size() > prefix) {
        continuing.emplace_back(text.substr(prefix), id);
      }
    }
    first_ = ByteTrie(std::move(first));
    continuing_ = ByteTrie(std::move(continuing));
  }

  bool append_pieces(std::string_view word, std::vector<Subword>& out) const {
    const bool may_be_long = word.size() > options_.max_chars_per_word;  // a character is at least a byte
    if (may_be_long && count_code_points(word) > options_.max_chars_per_word) return false;
    for (size_t at = 0; at < word.size();) {
      const ByteTrie::Match match = (at == 0 ? first_ : continuing_).longest(word, at);
      if (match.value == ByteTrie::kNone) return false;
      out.push_back({match.value, static_cast<uint32_t>(match.length)});
      at += match.length;
    }
    return true;
  }

  Vocabulary vocabulary_;
  WordPieceOptions options_;
  int32_t unknown_ = 0;
  ByteTrie first_;
  ByteTrie continuing_;
};

}  // namespace

SubwordModelPtr make_word_piece(Vocabulary vocabulary, const WordPieceOptions& options,
                                const std::string& source) {
  return std::make_shared<WordPieceModel>(std::move(vocabulary), options, source);
}

}  // namespace modernbert
