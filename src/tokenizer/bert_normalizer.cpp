// BERT's normaliser: clean text, spaces around CJK ideographs, accents off, lower case, in this order.
//
// ASCII runs are mapped byte by byte; everything between them goes through the four steps one after the
// other, because the alignment of each step depends on the one before it.
#include <array>

#include "tokenizer/char_functions.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/unicode.h"

namespace modernbert {
namespace {

// Blocks of CJK ideographs as BERT's first release lists them.
bool is_cjk_ideograph(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

class BertNormalizer : public Normalizer {
 public:
  explicit BertNormalizer(const BertNormalizerOptions& options)
      : options_(options), table_(UnicodeTable::get()) {
    for (char32_t c = 0; c < 0x80; ++c) ascii_[c] = map_ascii(c);
  }

  void apply(AlignedText& text) const override {
    if (is_unchanged(text.text())) return;
    text.rewrite([&](const AlignedView& old, AlignedTextBuffer& out) {
      const std::string_view bytes = old.text();
      for (size_t i = 0; i < bytes.size();) {
        const size_t end = run_end(bytes, i);
        if (is_ascii(bytes[i])) {
          append_ascii(old.part({i, end}), out);
        } else {
          append_general(old.part({i, end}), out);
        }
        i = end;
      }
    });
  }

 private:
  static constexpr char kDropped = '\x7F';  // itself a control character, so no kept character maps to it

  static bool is_ascii(char byte) { return static_cast<unsigned char>(byte) < 0x80; }

  char map_ascii(char32_t c) const {
    if (options_.clean_text && table_.is(c, kControl)) return kDropped;
    if (options_.clean_text && table_.is(c, kSpace)) return ' ';
    return static_cast<char>(options_.lowercase ? lower_case(c).first : c);
  }

  bool is_unchanged(std::string_view text) const {
    for (const char byte : text) {
      if (!is_ascii(byte) || ascii_[static_cast<unsigned char>(byte)] != byte) return false;
    }
    return !options_.clean_text || text.find(kDropped) == std::string_view::npos;
  }

  static size_t run_end(std::string_view text, size_t begin) {
    size_t end = begin + 1;
    while (end < text.size() && is_ascii(text[end]) == is_ascii(text[begin])) ++end;
    return end;
  }

  void append_ascii(const AlignedView& run, AlignedTextBuffer& out) const {
    for (size_t i = 0; i < run.text().size(); ++i) {
      const char mapped = ascii_[static_cast<unsigned char>(run.text()[i])];
      const bool dropped = options_.clean_text && mapped == kDropped;
      if (!dropped) out.append(static_cast<char32_t>(mapped), run.origin(i));
    }
  }

  void append_general(const AlignedView& run, AlignedTextBuffer& out) const {
    AlignedText text(run);
    if (options_.clean_text) clean(text);
    if (options_.handle_chinese_chars) separate_ideographs(text);
    if (options_.strip_accents) strip_accents(text);
    if (options_.lowercase) make_lowercase()->apply(text);
    out.append(text.view());
  }

  void clean(AlignedText& text) const {
    FilteredChars kept;
    for_each_char(text.text(),
                  [&](char32_t c) { kept.add(table_.is(c, kSpace) ? U' ' : c, !table_.is(c, kControl)); });
    transform(text, kept.changes(), kept.removed_at_start());
  }

  void separate_ideographs(AlignedText& text) const {
    std::vector<CharChange> changes;
    for_each_char(text.text(), [&](char32_t c) {
      if (is_cjk_ideograph(c)) {
        changes.insert(changes.end(), {{U' ', 0}, {c, 1}, {U' ', 1}});
      } else {
        changes.push_back({c, 0});
      }
    });
    transform(text, changes);
  }

  void strip_accents(AlignedText& text) const {
    make_normal_form(NormalForm::kNfd)->apply(text);
    FilteredChars kept;
    for_each_char(text.text(), [&](char32_t c) { kept.add(c, !table_.is(c, kNonspacing)); });
    transform(text, kept.changes(), kept.removed_at_start());
  }

  static void transform(AlignedText& text, std::span<const CharChange> changes, size_t removed_at_start = 0) {
    text.rewrite([&](const AlignedView& old, AlignedTextBuffer& out) {
      out.append_transformed(old, changes, removed_at_start);
    });
  }

  BertNormalizerOptions options_;
  const UnicodeTable& table_;
  std::array<char, 0x80> ascii_{};
};

}  // namespace

NormalizerPtr make_bert_normalizer(const BertNormalizerOptions& options) {
  return std::make_shared<BertNormalizer>(options);
}

}  // namespace modernbert
