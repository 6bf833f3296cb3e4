// What is behind the public PreparedTexts handle.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "modernbert/prepared_texts.h"
#include "tasks/windows.h"

namespace modernbert {

struct PreparedTexts::Impl {
  std::vector<TextWindows> windows;  // one entry per text, or per pair
  std::vector<std::string> texts;    // empty where the task does not need them any more
  int32_t prompt_rows = 0;           // leading tokens of each text that are its prompt's
};

inline PreparedTexts make_prepared(PreparedTexts::Impl prepared) {
  return PreparedTexts(std::make_shared<const PreparedTexts::Impl>(std::move(prepared)));
}

}  // namespace modernbert
