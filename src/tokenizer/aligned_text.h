// Text under normalisation that knows, for each of its bytes, which bytes of the original text it stands for.
//
// The rules of alignment are Hugging Face's (NormalizedString): an inserted character takes the origin of the
// byte before it, a replaced one keeps its own, a removed one leaves no trace.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace modernbert {

// Bytes [begin, end) of the original text.
struct ByteSpan {
  uint32_t begin;
  uint32_t end;
  friend bool operator==(const ByteSpan&, const ByteSpan&) = default;
};

// Half-open range of bytes in a text.
struct ByteRange {
  size_t begin;
  size_t end;
  size_t size() const { return end - begin; }
};

// A view on (a part of) a text with its alignment. `origins` null: the text is the original's bytes from
// `base` on.
class AlignedView {
 public:
  explicit AlignedView(std::string_view text, uint32_t base = 0) : text_(text), base_(base) {}
  AlignedView(std::string_view text, const ByteSpan* origins) : text_(text), origins_(origins) {}

  std::string_view text() const { return text_; }
  AlignedView part(ByteRange range) const;
  // Original bytes of one byte: always whole characters.
  ByteSpan origin(size_t byte) const;
  // Original bytes of a non-empty range: from its first byte's origin to its last byte's.
  ByteSpan origin(ByteRange range) const { return {origin(range.begin).begin, origin(range.end - 1).end}; }

 private:
  std::string_view text_;
  const ByteSpan* origins_ = nullptr;  // [text.size()]
  uint32_t base_ = 0;
};

// One character of a transformed text. change > 0: inserted; 0: replaces the next character of the old text;
// -n: replaces the next character, and the n after it are removed.
struct CharChange {
  char32_t c;
  int change;
};

// A text being built, with its alignment.
class AlignedTextBuffer {
 public:
  AlignedView view() const { return {text_, origins_.data()}; }
  void clear();
  void append(char32_t c, ByteSpan origin);
  void append(AlignedView part);
  // Appends what `changes` make of `old`, whose first `removed_at_start` characters are dropped.
  void append_transformed(AlignedView old, std::span<const CharChange> changes, size_t removed_at_start = 0);

 private:
  std::string text_;
  std::vector<ByteSpan> origins_;
};

// A text that normalisers rewrite step by step; until the first rewrite it is a view on the original.
class AlignedText {
 public:
  explicit AlignedText(AlignedView original) : view_(original) {}
  AlignedText(const AlignedText&) = delete;
  AlignedText& operator=(const AlignedText&) = delete;

  const AlignedView& view() const { return view_; }
  std::string_view text() const { return view_.text(); }
  void narrow(ByteRange range) { view_ = view_.part(range); }
  // rewrite(fill): the text becomes what fill(old view, empty buffer) writes to the buffer.
  template <class Fill>
  void rewrite(Fill&& fill) {
    next_.clear();
    fill(std::as_const(view_), next_);
    std::swap(current_, next_);
    view_ = current_.view();
  }

 private:
  AlignedView view_;
  AlignedTextBuffer current_;
  AlignedTextBuffer next_;
};

}  // namespace modernbert
