// Tokens beside the model's vocabulary, found in the text before the model sees it.
//
// Tokens with normalized = false are searched in the raw text, the others in what is left after
// normalisation; both leftmost-longest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/aligned_text.h"
#include "tokenizer/byte_trie.h"
#include "tokenizer/normalizer.h"

namespace modernbert {

struct AddedToken {
  std::string content;
  int32_t id = 0;
  bool single_word = false;  // only where no word character touches it
  bool lstrip = false;       // takes the white space before it
  bool rstrip = false;       // takes the white space after it
  bool normalized = true;
  bool special = false;  // left out by decode
};

class AddedVocabulary {
 public:
  // One cut of a text: an added token, or (token null) what lies between two of them.
  struct Cut {
    ByteRange range;
    const AddedToken* token;
  };

  AddedVocabulary() = default;
  AddedVocabulary(AddedVocabulary&&) = default;  // not copyable: maps point into the tokens
  AddedVocabulary& operator=(AddedVocabulary&&) = default;
  AddedVocabulary(std::vector<AddedToken> tokens, const Normalizer* normalizer);

  void cut_raw(std::string_view text, std::vector<Cut>& cuts) const { cut(text, raw_, cuts); }
  void cut_normalized(std::string_view text, std::vector<Cut>& cuts) const { cut(text, normalized_, cuts); }

  const std::vector<AddedToken>& tokens() const { return tokens_; }
  const AddedToken* find(std::string_view content) const;
  const AddedToken* find(int32_t id) const;
  // What decoding shows: the content as normalisation leaves it.
  std::string_view decoded_content(const AddedToken& token) const;

 private:
  void cut(std::string_view text, const ByteTrie& trie, std::vector<Cut>& cuts) const;

  std::vector<AddedToken> tokens_;
  std::vector<std::string> normalized_contents_;  // [tokens]
  std::unordered_map<std::string_view, size_t> by_content_;
  std::unordered_map<int32_t, size_t> by_id_;
  ByteTrie raw_;
  ByteTrie normalized_;
};

}  // namespace modernbert
