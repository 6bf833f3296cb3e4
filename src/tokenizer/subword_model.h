// A model splits one word into tokens.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace modernbert {

struct Subword {
  int32_t id;
  uint32_t length;  // bytes of the word; subwords follow each other from the word's start
};

// Immutable, shared by threads.
class SubwordModel {
 public:
  virtual ~SubwordModel() = default;
  // Appends the tokens of a non-empty word.
  virtual void split(std::string_view word, std::vector<Subword>& out) const = 0;
  virtual const Vocabulary& vocabulary() const = 0;
  virtual std::string_view continuing_prefix() const = 0;
  virtual std::optional<int32_t> unknown_id() const = 0;
};

using SubwordModelPtr = std::shared_ptr<const SubwordModel>;

}  // namespace modernbert
