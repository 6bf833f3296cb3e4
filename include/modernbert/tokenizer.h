// Text to token ids and back, from a Hugging Face `tokenizer.json` or a BERT `vocab.txt`.
//
//   auto tokenizer = modernbert::Tokenizer::load("path/to/model");
//   auto encoding = tokenizer.encode("Hello World!");          // [CLS] Hello ĠWorld ! [SEP]
//   std::string text = tokenizer.decode(encoding.ids);
//
// A Tokenizer is an immutable, cheap handle: copy it, share it between threads.
// Texts must be valid UTF-8, else Error{kInvalidArgument} names the byte.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace modernbert {

// Half-open range [begin, end) of a text.
struct TextSpan {
  int32_t begin = 0;
  int32_t end = 0;
  friend bool operator==(const TextSpan&, const TextSpan&) = default;
};

enum class TruncationStrategy { kLongestFirst, kOnlyFirst, kOnlySecond };
enum class TruncationSide { kRight, kLeft };

struct EncodeOptions {
  bool add_special_tokens = true;
  int max_length = 0;  // tokens, special ones included; 0 = no limit
  TruncationStrategy truncation = TruncationStrategy::kLongestFirst;
  TruncationSide side = TruncationSide::kRight;
  bool overflow = false;  // keep what does not fit as further windows in Encoding::overflowing
  int stride = 0;         // tokens shared by neighbouring windows
  bool tokens = false;    // fill Encoding::tokens
};

// All arrays have one entry per token, except where said. Special tokens that the template adds have the
// offsets [0,0].
struct Encoding {
  std::vector<int32_t> ids;
  std::vector<int32_t> type_ids;
  std::vector<TextSpan>
      offsets;  // Unicode code points of the original text (of the second text for its tokens)
  std::vector<TextSpan> byte_offsets;        // the same ranges in UTF-8 bytes
  std::vector<uint8_t> special_tokens_mask;  // 1 = added by the template
  std::vector<int8_t> sequence_ids;          // 0 = first text, 1 = second text, -1 = added by the template
  std::vector<int32_t>
      word_ids;  // pre-token (or given word) the token comes from; -1 = added by the template
  std::vector<std::string> tokens;    // only with EncodeOptions::tokens
  std::vector<Encoding> overflowing;  // only with EncodeOptions::overflow: the windows after this one
  int tokens_cut = 0;                 // text tokens that truncation removed from this encoding
};

class Tokenizer {
 public:
  // folder: holds tokenizer.json (preferred) or vocab.txt, and optionally tokenizer_config.json,
  // special_tokens_map.json. A path to a tokenizer.json or a vocab.txt file works too. Errors: kNotFound,
  // kInvalidFile, kUnsupported (names the component that is not implemented).
  static Tokenizer load(const std::filesystem::path& folder_or_file);
  // source: what error messages call this text.
  static Tokenizer from_json(std::string_view json, const std::string& source);

  Encoding encode(std::string_view text, const EncodeOptions& options = {}) const;
  Encoding encode_pair(std::string_view first, std::string_view second,
                       const EncodeOptions& options = {}) const;
  // Words already split (NER data): each is encoded as if a space stood before it; offsets are relative to
  // the word.
  Encoding encode_words(std::span<const std::string> words, const EncodeOptions& options = {}) const;
  // Results in the order of the texts. threads: 0 = all cores.
  std::vector<Encoding> encode_batch(std::span<const std::string> texts, const EncodeOptions& options = {},
                                     int threads = 0) const;

  // Unknown ids are an error (kInvalidArgument).
  std::string decode(std::span<const int32_t> ids, bool skip_special_tokens = true) const;

  std::optional<int32_t> token_to_id(std::string_view token) const;
  std::string id_to_token(int32_t id) const;  // empty when there is no such id
  int32_t vocab_size() const;                 // largest id + 1, added tokens included
  bool is_special(int32_t id) const;

  // Roles as named by tokenizer_config.json / special_tokens_map.json, else by their usual text ([MASK],
  // [CLS], …).
  std::optional<int32_t> mask_id() const;
  std::optional<int32_t> cls_id() const;
  std::optional<int32_t> sep_id() const;
  std::optional<int32_t> pad_id() const;
  std::optional<int32_t> unk_id() const;

  // tokenizer_config.json's model_max_length; nullopt where absent or the "very large" sentinel.
  std::optional<int32_t> model_max_length() const;
  // Number of tokens the template adds to a single text or to a pair.
  int special_token_count(bool pair) const;
  // Prefix of tokens that continue a word ("##" for WordPiece), empty for byte-level BPE.
  std::string_view continuing_subword_prefix() const;
  // True where a token may begin with the space before its word (byte-level BPE).
  bool tokens_hold_spaces() const;
  // A copy that lower-cases text before its own normalisation (sentence-transformers' do_lower_case).
  Tokenizer with_lowercase() const;

 private:
  struct Impl;
  explicit Tokenizer(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

}  // namespace modernbert
