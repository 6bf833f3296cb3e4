#include "tokenizer/bpe_model.h"

#include <array>
#include <optional>

#include "core/fail.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/char_functions.h"
#include "tokenizer/merge_table.h"
#include "tokenizer/symbol_merger.h"
#include "tokenizer/word_cache.h"

namespace modernbert {
namespace {

int32_t find_merge_token(const Vocabulary& vocabulary, std::string_view token, size_t merge,
                         const std::string& source) {
  const auto id = vocabulary.find(token);
  if (!id)
    fail(ErrorCode::kInvalidFile, "{}: model.merges[{}] needs \"{}\", which is not in the vocabulary", source,
         merge, token);
  return *id;
}

MergeTable make_merge_table(const Vocabulary& vocabulary, const std::vector<MergeRule>& rules,
                            const std::string& continuing_prefix, const std::string& source) {
  MergeTable table(rules.size());
  for (size_t i = 0; i < rules.size(); ++i) {
    const auto& [left, right] = rules[i];
    if (right.size() < continuing_prefix.size()) {
      fail(ErrorCode::kInvalidFile,
           "{}: model.merges[{}] has the right part \"{}\", want it to start with \"{}\"", source, i, right,
           continuing_prefix);
    }
    const int32_t left_id = find_merge_token(vocabulary, left, i, source);
    const int32_t right_id = find_merge_token(vocabulary, right, i, source);
    const int32_t merged =
        find_merge_token(vocabulary, left + right.substr(continuing_prefix.size()), i, source);
    table.add(left_id, right_id, {static_cast<int32_t>(i), merged});
  }
  return table;
}

std::optional<int32_t> find_unknown(const Vocabulary& vocabulary, const BpeOptions& options,
                                    const std::string& source) {
  if (options.unknown_token.empty()) return std::nullopt;
  const auto id = vocabulary.find(options.unknown_token);
  if (!id)
    fail(ErrorCode::kInvalidFile, "{}: model.unk_token \"{}\" is not in the vocabulary", source,
         options.unknown_token);
  return id;
}

std::optional<int32_t> find_byte(const Vocabulary& vocabulary, int byte) {
  return vocabulary.find(bytes_to_text(std::string(1, static_cast<char>(byte))));
}

// Caching and merging, the same for both kinds of symbols.
class BpeModel : public SubwordModel {
 public:
  BpeModel(Vocabulary vocabulary, const std::vector<MergeRule>& merges, const BpeOptions& options,
           const std::string& source)
      : vocabulary_(std::move(vocabulary)),
        options_(options),
        unknown_(find_unknown(vocabulary_, options, source)),
        merges_(make_merge_table(vocabulary_, merges, options.continuing_prefix, source)),
        number_(WordCache::new_model_number()) {}

  void split(std::string_view word, std::vector<Subword>& out) const override {
    WordCache& cache = WordCache::local();
    const WordCache::Key key = WordCache::make_key(word, number_);
    if (cache.find(key, out)) return;
    const size_t first = out.size();
    split_uncached(word, out);
    cache.store(key, std::span(out).subspan(first));
  }

  const Vocabulary& vocabulary() const override { return vocabulary_; }
  std::string_view continuing_prefix() const override { return options_.continuing_prefix; }
  std::optional<int32_t> unknown_id() const override { return unknown_; }

 protected:
  // The vocabulary's entry for a whole word.
  virtual std::optional<int32_t> whole_word(std::string_view word) const = 0;
  virtual void add_symbols(std::string_view word, SymbolMerger& symbols) const = 0;

  Vocabulary vocabulary_;
  BpeOptions options_;
  std::optional<int32_t> unknown_;

 private:
  void split_uncached(std::string_view word, std::vector<Subword>& out) const {
    if (options_.ignore_merges) {
      if (const auto id = whole_word(word)) {
        out.push_back({*id, static_cast<uint32_t>(word.size())});
        return;
      }
    }
    thread_local SymbolMerger symbols;
    symbols.clear();
    add_symbols(word, symbols);
    symbols.merge(merges_, out);
  }

  MergeTable merges_;
  uint32_t number_;
};

// Symbols are characters.
class CharBpe : public BpeModel {
 public:
  CharBpe(Vocabulary vocabulary, const std::vector<MergeRule>& merges, const BpeOptions& options,
          const std::string& source)
      : BpeModel(std::move(vocabulary), merges, options, source) {
    if (!options.byte_fallback) return;
    for (int byte = 0; byte < 256; ++byte)
      byte_tokens_[byte] = vocabulary_.find(fmt::format("<0x{:02X}>", byte));
  }

 protected:
  std::optional<int32_t> whole_word(std::string_view word) const override { return vocabulary_.find(word); }

  void add_symbols(std::string_view word, SymbolMerger& symbols) const override {
    uint32_t unknown_length = 0;  // of an unknown symbol not yet added, so that it can grow
    const auto add_unknown = [&] {
      if (unknown_length > 0) symbols.add(*unknown_, unknown_length);
      unknown_length = 0;
    };
    for (size_t i = 0; i < word.size();) {
      const size_t begin = i;
      next_code_point(word, i);
      const auto length = static_cast<uint32_t>(i - begin);
      const std::string symbol = symbol_text(word, begin, i);
      if (const auto id = vocabulary_.find(symbol)) {
        add_unknown();
        symbols.add(*id, length);
      } else if (add_bytes(symbol, symbols)) {
        continue;
      } else if (unknown_) {
        if (!options_.fuse_unknown) add_unknown();
        unknown_length += length;
      }
    }
    add_unknown();
  }

 private:
  std::string symbol_text(std::string_view word, size_t begin, size_t end) const {
    std::string text;
    if (begin > 0) text = options_.continuing_prefix;
    text += word.substr(begin, end - begin);
    if (end == word.size()) text += options_.end_of_word_suffix;
    return text;
  }

  // False unless every byte of the symbol has a token.
  bool add_bytes(std::string_view symbol, SymbolMerger& symbols) const {
    if (!options_.byte_fallback) return false;
    for (const char byte : symbol) {
      if (!byte_tokens_[static_cast<unsigned char>(byte)]) return false;
    }
    for (const char byte : symbol) symbols.add(*byte_tokens_[static_cast<unsigned char>(byte)], 1);
    return true;
  }

  std::array<std::optional<int32_t>, 256> byte_tokens_;
};

// Symbols are bytes, named in the vocabulary by their characters.
class ByteBpe : public BpeModel {
 public:
  ByteBpe(Vocabulary vocabulary, const std::vector<MergeRule>& merges, const BpeOptions& options,
          const std::string& source)
      : BpeModel(std::move(vocabulary), merges, options, source) {
    for (int byte = 0; byte < 256; ++byte) byte_ids_[byte] = find_byte(vocabulary_, byte).value_or(-1);
  }

 protected:
  std::optional<int32_t> whole_word(std::string_view word) const override {
    return vocabulary_.find(bytes_to_text(word));
  }
  void add_symbols(std::string_view word, SymbolMerger& symbols) const override {
    for (const char byte : word) symbols.add(byte_ids_[static_cast<unsigned char>(byte)], 1);
  }

 private:
  std::array<int32_t, 256> byte_ids_{};  // -1 for bytes that no UTF-8 contains
};

}  // namespace

SubwordModelPtr make_bpe(Vocabulary vocabulary, const std::vector<MergeRule>& merges,
                         const BpeOptions& options, const std::string& source) {
  return std::make_shared<CharBpe>(std::move(vocabulary), merges, options, source);
}

bool bpe_covers_bytes(const Vocabulary& vocabulary, const BpeOptions& options) {
  if (!options.continuing_prefix.empty() || !options.end_of_word_suffix.empty()) return false;
  for (int byte = 0; byte < 256; ++byte) {
    const bool in_utf8 = byte != 0xC0 && byte != 0xC1 && byte < 0xF5;
    if (in_utf8 && !find_byte(vocabulary, byte)) return false;
  }
  return true;
}

SubwordModelPtr make_byte_bpe(Vocabulary vocabulary, const std::vector<MergeRule>& merges,
                              const BpeOptions& options, const std::string& source) {
  return std::make_shared<ByteBpe>(std::move(vocabulary), merges, options, source);
}

}  // namespace modernbert
