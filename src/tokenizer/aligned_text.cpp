#include "tokenizer/aligned_text.h"

#include "core/check.h"
#include "core/utf8.h"

namespace modernbert {
namespace {

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

// Byte index after `count` characters from `at`.
size_t skip_chars(std::string_view text, size_t at, size_t count) {
  for (; count > 0 && at < text.size(); --count) {
    ++at;
    while (at < text.size() && is_continuation(text[at])) ++at;
  }
  return at;
}

}  // namespace

AlignedView AlignedView::part(ByteRange range) const {
  AlignedView result = *this;
  result.text_ = text_.substr(range.begin, range.size());
  if (origins_ != nullptr) {
    result.origins_ = origins_ + range.begin;
  } else {
    result.base_ = base_ + static_cast<uint32_t>(range.begin);
  }
  return result;
}

ByteSpan AlignedView::origin(size_t byte) const {
  if (origins_ != nullptr) return origins_[byte];
  size_t begin = byte;
  while (begin > 0 && is_continuation(text_[begin])) --begin;
  size_t end = byte + 1;
  while (end < text_.size() && is_continuation(text_[end])) ++end;
  return {base_ + static_cast<uint32_t>(begin), base_ + static_cast<uint32_t>(end)};
}

void AlignedTextBuffer::clear() {
  text_.clear();
  origins_.clear();
}

void AlignedTextBuffer::append(char32_t c, ByteSpan origin) {
  append_utf8(text_, c);
  origins_.resize(text_.size(), origin);
}

void AlignedTextBuffer::append(AlignedView part) {
  text_.append(part.text());
  origins_.reserve(text_.size());
  for (size_t i = 0; i < part.text().size(); ++i) origins_.push_back(part.origin(i));
}

void AlignedTextBuffer::append_transformed(AlignedView old, std::span<const CharChange> changes,
                                           size_t removed_at_start) {
  const std::string_view text = old.text();
  size_t at = skip_chars(text, 0, removed_at_start);
  for (const auto& [c, change] : changes) {
    if (change > 0) {
      append(c, at == 0 ? ByteSpan{0, 0} : old.origin(at - 1));
    } else {
      MB_DCHECK(at < text.size());
      append(c, old.origin(at));
      at = skip_chars(text, at, 1 + static_cast<size_t>(-change));
    }
  }
}

}  // namespace modernbert
