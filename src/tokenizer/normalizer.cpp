#include "tokenizer/normalizer.h"

#include <algorithm>

#include "tokenizer/char_functions.h"
#include "tokenizer/unicode.h"

namespace modernbert {
namespace {

void transform(AlignedText& text, std::span<const CharChange> changes, size_t removed_at_start = 0) {
  text.rewrite([&](const AlignedView& old, AlignedTextBuffer& out) {
    out.append_transformed(old, changes, removed_at_start);
  });
}

class NormalFormNormalizer : public Normalizer {
 public:
  explicit NormalFormNormalizer(NormalForm form) : form_(form) {}

  void apply(AlignedText& text) const override {
    const bool unchanged = form_ == NormalForm::kNfc ? is_surely_nfc(text.text())
                                                     : !has_any(text.text(), kDecomposes | kNfcUnsafe);
    if (unchanged) return;
    std::vector<CharChange> changes;
    normalize_chars(text.text(), form_, changes);
    transform(text, changes);
  }

 private:
  NormalForm form_;
};

class LowercaseNormalizer : public Normalizer {
 public:
  void apply(AlignedText& text) const override {
    if (!has_any(text.text(), kHasLowercase)) return;
    std::vector<CharChange> changes;
    lower_case_chars(text.text(), changes);
    transform(text, changes);
  }
};

class StripAccentsNormalizer : public Normalizer {
 public:
  void apply(AlignedText& text) const override {
    const UnicodeTable& table = UnicodeTable::get();
    if (!has_any(text.text(), kMark)) return;
    FilteredChars kept;
    for_each_char(text.text(), [&](char32_t c) { kept.add(c, !table.is(c, kMark)); });
    transform(text, kept.changes(), kept.removed_at_start());
  }
};

class StripNormalizer : public Normalizer {
 public:
  StripNormalizer(bool left, bool right) : left_(left), right_(right) {}

  void apply(AlignedText& text) const override {
    ByteRange kept{0, text.text().size()};
    if (left_) kept.begin = space_run_at_start(text.text());
    if (right_) kept.end = std::max(kept.begin, start_of_space_run_at_end(text.text()));
    text.narrow(kept);
  }

 private:
  bool left_;
  bool right_;
};

// Every occurrence of the pattern, left to right without overlap, becomes the content, whose origin is that
// of the pattern's last character.
class ReplaceNormalizer : public Normalizer {
 public:
  ReplaceNormalizer(std::string pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}

  void apply(AlignedText& text) const override {
    if (text.text().find(pattern_) == std::string_view::npos) return;
    text.rewrite([&](const AlignedView& old, AlignedTextBuffer& out) {
      size_t at = 0;
      for (size_t match; (match = old.text().find(pattern_, at)) != std::string_view::npos;) {
        out.append(old.part({at, match}));
        at = match + pattern_.size();
        for_each_char(content_, [&](char32_t c) { out.append(c, old.origin(at - 1)); });
      }
      out.append(old.part({at, old.text().size()}));
    });
  }

 private:
  std::string pattern_;
  std::string content_;
};

class PrependNormalizer : public Normalizer {
 public:
  explicit PrependNormalizer(std::string prefix) : prefix_(std::move(prefix)) {}

  void apply(AlignedText& text) const override {
    if (text.text().empty()) return;
    text.rewrite(
        [&](const AlignedView& old, AlignedTextBuffer& out) { append_with_prefix(old, prefix_, out); });
  }

 private:
  std::string prefix_;
};

class NormalizerSequence : public Normalizer {
 public:
  explicit NormalizerSequence(std::vector<NormalizerPtr> steps) : steps_(std::move(steps)) {}

  void apply(AlignedText& text) const override {
    for (const NormalizerPtr& step : steps_) step->apply(text);
  }

 private:
  std::vector<NormalizerPtr> steps_;
};

}  // namespace

NormalizerPtr make_normal_form(NormalForm form) {
  return std::make_shared<NormalFormNormalizer>(form);
}
NormalizerPtr make_lowercase() {
  return std::make_shared<LowercaseNormalizer>();
}
NormalizerPtr make_strip_accents() {
  return std::make_shared<StripAccentsNormalizer>();
}
NormalizerPtr make_strip(bool left, bool right) {
  return std::make_shared<StripNormalizer>(left, right);
}
NormalizerPtr make_replace(std::string pattern, std::string content) {
  return std::make_shared<ReplaceNormalizer>(std::move(pattern), std::move(content));
}
NormalizerPtr make_prepend(std::string prefix) {
  return std::make_shared<PrependNormalizer>(std::move(prefix));
}
NormalizerPtr make_normalizer_sequence(std::vector<NormalizerPtr> steps) {
  return std::make_shared<NormalizerSequence>(std::move(steps));
}

std::string normalized_string(const Normalizer* normalizer, std::string_view text) {
  AlignedText aligned{AlignedView(text)};
  if (normalizer != nullptr) normalizer->apply(aligned);
  return std::string(aligned.text());
}

}  // namespace modernbert
