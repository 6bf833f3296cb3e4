// Post-processors of tokenizer.json: where special tokens go, type ids, trimmed offsets.
//
// TemplateProcessing, BertProcessing and RobertaProcessing all become templates here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tokenizer/tokenized_text.h"
#include "tokenizer/truncation.h"

namespace modernbert {

struct TemplatePiece {
  enum Kind { kSpecial, kFirst, kSecond };
  Kind kind;
  int32_t type_id = 0;
  // Type id of the text's overflow windows. The reference's template changes only the first window, so it may
  // differ.
  int32_t overflow_type_id = 0;
  std::vector<int32_t> ids{};         // kSpecial: the tokens put here
  std::vector<std::string> tokens{};  // [ids]
};

using Template = std::vector<TemplatePiece>;

// White space at the ends of byte-level tokens does not count in their offsets.
struct OffsetTrim {
  bool add_prefix_space = true;  // a space that the pre-tokenizer put there has no offset to lose
};

struct PostProcessor {
  Template single = {{TemplatePiece::kFirst, 0, 0}};
  Template pair = {{TemplatePiece::kFirst, 0, 0}, {TemplatePiece::kSecond, 1, 1}};
  // What stands in for the templates without special tokens; RobertaProcessing's differ from its templates.
  Template bare_single = single;
  Template bare_pair = pair;
  std::vector<OffsetTrim> trims;
};

// Number of tokens that a template adds.
size_t special_token_count(const Template& pieces);

// The part of a text that goes into one encoding.
struct TextWindow {
  const TokenizedText* text = nullptr;
  TokenRange range{0, 0};
  bool is_overflow = false;
};

// One encoding by the template; second.text null for a single text. tokens_cut and overflowing are left
// empty.
Encoding assemble(const Template& pieces, const std::vector<OffsetTrim>& trims, const TextWindow& first,
                  const TextWindow& second, bool with_tokens);

}  // namespace modernbert
