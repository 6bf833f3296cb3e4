// Normalizers of tokenizer.json: text in, changed text with alignment out.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tokenizer/aligned_text.h"
#include "tokenizer/normal_forms.h"

namespace modernbert {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void apply(AlignedText& text) const = 0;
};

using NormalizerPtr = std::shared_ptr<const Normalizer>;

NormalizerPtr make_normal_form(NormalForm form);
NormalizerPtr make_lowercase();
NormalizerPtr make_strip_accents();
NormalizerPtr make_strip(bool left, bool right);
NormalizerPtr make_replace(std::string pattern, std::string content);  // pattern: literal, not empty
NormalizerPtr make_prepend(std::string prefix);
NormalizerPtr make_normalizer_sequence(std::vector<NormalizerPtr> steps);

struct BertNormalizerOptions {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  bool strip_accents = true;
  bool lowercase = true;
};
NormalizerPtr make_bert_normalizer(const BertNormalizerOptions& options);

// The normalised text without its alignment; `normalizer` may be null.
std::string normalized_string(const Normalizer* normalizer, std::string_view text);

}  // namespace modernbert
