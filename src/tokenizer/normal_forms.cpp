#include "tokenizer/normal_forms.h"

#include <algorithm>
#include <array>

#include "core/utf8.h"
#include "tokenizer/unicode.h"

namespace modernbert {
namespace {

struct Part {
  char32_t c;
  int change;           // 0 = first character of a decomposition, 1 = a further one
  int combining_class;  // 0 = starter
};

// Sorts every run of non-starters by combining class, keeping the order of equals.
void reorder(std::vector<Part>& parts) {
  const auto is_starter = [](const Part& part) { return part.combining_class == 0; };
  for (auto run = parts.begin(); run != parts.end();) {
    run = std::find_if_not(run, parts.end(), is_starter);
    const auto end = std::find_if(run, parts.end(), is_starter);
    std::stable_sort(run, end,
                     [](const Part& a, const Part& b) { return a.combining_class < b.combining_class; });
    run = end;
  }
}

std::vector<Part> decomposed(std::string_view text, bool compatibility) {
  std::vector<Part> parts;
  parts.reserve(text.size());
  std::array<char32_t, kMaxDecomposition> characters;
  for (size_t i = 0; i < text.size();) {
    const char32_t c = next_code_point(text, i);
    if (c < 0x80) {
      parts.push_back({c, 0, 0});
      continue;
    }
    const int count = decompose(c, compatibility, characters);
    for (int k = 0; k < count; ++k) parts.push_back({characters[k], k > 0, combining_class(characters[k])});
  }
  reorder(parts);
  return parts;
}

// Canonical composition (UAX 15) of one starter with what follows up to the next starter that does not join
// it.
class Composer {
 public:
  explicit Composer(std::vector<CharChange>& out) : out_(out) {}

  void add(const Part& part) {
    if (!has_starter_) {
      if (part.combining_class != 0) {
        out_.push_back({part.c, part.change});
      } else {
        begin(part);
      }
      return;
    }
    const bool blocked = !marks_.empty() && last_class_ >= part.combining_class;
    if (!blocked && join(part)) return;
    if (part.combining_class == 0) {
      flush();
      begin(part);
    } else {
      marks_.push_back({part.c, part.change});
      last_class_ = part.combining_class;
    }
  }

  void flush() {
    if (!has_starter_) return;
    out_.push_back(starter_);
    out_.insert(out_.end(), marks_.begin(), marks_.end());
    marks_.clear();
    has_starter_ = false;
  }

 private:
  void begin(const Part& part) {
    starter_ = {part.c, part.change};
    has_starter_ = true;
  }

  bool join(const Part& part) {
    if (starter_.c < 0x80 && part.c < 0x80) return false;
    const char32_t composite = compose(starter_.c, part.c);
    if (composite == 0) return false;
    // A composite of two old characters replaces one and removes one.
    starter_ = {composite, starter_.change + part.change - 1};
    return true;
  }

  std::vector<CharChange>& out_;
  CharChange starter_{};
  bool has_starter_ = false;
  std::vector<CharChange> marks_;  // after the starter, not joined to it
  int last_class_ = 0;
};

}  // namespace

bool is_surely_nfc(std::string_view text) {
  const UnicodeTable& table = UnicodeTable::get();
  for (size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      ++i;
    } else if (table.is(next_code_point(text, i), kNfcUnsafe)) {
      return false;
    }
  }
  return true;
}

void normalize_chars(std::string_view text, NormalForm form, std::vector<CharChange>& changes) {
  const bool compatibility = form == NormalForm::kNfkc || form == NormalForm::kNfkd;
  const std::vector<Part> parts = decomposed(text, compatibility);
  if (form == NormalForm::kNfd || form == NormalForm::kNfkd) {
    for (const Part& part : parts) changes.push_back({part.c, part.change});
    return;
  }
  Composer composer(changes);
  for (const Part& part : parts) composer.add(part);
  composer.flush();
}

}  // namespace modernbert
