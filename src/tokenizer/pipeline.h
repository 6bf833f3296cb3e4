// The parts of a tokenizer, and encoding with them.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "modernbert/tokenizer.h"
#include "tokenizer/added_vocabulary.h"
#include "tokenizer/decoder.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/post_processor.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/subword_model.h"

namespace modernbert {

// Null normalizer, pre-tokenizer and decoder mean that the step is left out; a null decoder joins tokens by
// spaces.
struct Pipeline {
  NormalizerPtr normalizer;
  PreTokenizerPtr pre_tokenizer;
  SubwordModelPtr model;
  std::shared_ptr<const AddedVocabulary> added;
  PostProcessor post_processor;
  DecoderPtr decoder;
  bool byte_level = false;  // the pre-tokenizer writes spaces into tokens
};

// The tokens of one text. keep_tokens: fill TokenizedText::tokens. Error (kInvalidArgument) if the text is
// not UTF-8.
TokenizedText tokenize_text(const Pipeline& pipeline, std::string_view text, bool keep_tokens);
TokenizedText tokenize_words(const Pipeline& pipeline, std::span<const std::string> words, bool keep_tokens);

// Cuts, adds special tokens; second is null for a single text.
Encoding finish_encoding(const Pipeline& pipeline, const TokenizedText& first, const TokenizedText* second,
                         const EncodeOptions& options);

// Are TokenizedText::tokens needed?
bool needs_tokens(const Pipeline& pipeline, const EncodeOptions& options);

}  // namespace modernbert
