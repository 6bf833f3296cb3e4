// How often each word of a text occurs: the only thing about the text that a subword trainer looks at.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace modernbert {

struct WordCount {
  std::string word;  // bytes, as the ByteLevel pre-tokenizer cuts them: "Hello", " World", "!"
  int64_t count = 0;
};

// Collects words of texts that arrive in blocks. Each text is normalised (NFC) and split on its own, so words
// never reach across texts. Not thread-safe; add() itself uses several threads.
class WordCounts {
 public:
  explicit WordCounts(int threads);  // 0 = all cores
  ~WordCounts();

  // texts: valid UTF-8.
  void add(std::span<const std::string> texts);
  // All words, sorted by their bytes; the collection is empty afterwards.
  std::vector<WordCount> take();

 private:
  class Table;
  std::vector<Table> tables_;  // one per thread
};

}  // namespace modernbert
