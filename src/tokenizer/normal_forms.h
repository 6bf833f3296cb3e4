// Unicode normal forms as lists of changes, with the reference's bookkeeping of which character replaces
// which.
#pragma once

#include <string_view>
#include <vector>

#include "tokenizer/aligned_text.h"

namespace modernbert {

enum class NormalForm { kNfc, kNfd, kNfkc, kNfkd };

// True if no character of the text can change under any composition: the text is in NFC.
bool is_surely_nfc(std::string_view text);

// Appends the characters of the normal form of `text` to `changes`.
void normalize_chars(std::string_view text, NormalForm form, std::vector<CharChange>& changes);

}  // namespace modernbert
