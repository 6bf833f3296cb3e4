#include "tokenizer/training/word_counts.h"

#include <omp.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <unordered_map>

#include "core/default_threads.h"
#include "tokenizer/gpt2_splitter.h"
#include "tokenizer/normal_forms.h"
#include "tokenizer/normalizer.h"

namespace modernbert {

// Words of one thread, found by string_view without making a string.
class WordCounts::Table {
 public:
  void add_text(std::string_view text) {
    if (is_surely_nfc(text)) return add_words(text);
    add_words(normalized_string(normalizer_.get(), text));
  }

  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view word) const { return std::hash<std::string_view>{}(word); }
  };
  using Map = std::unordered_map<std::string, int64_t, Hash, std::equal_to<>>;
  Map& counts() { return counts_; }

 private:
  void add_words(std::string_view text) {
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = splitter_.match_end(text, begin);
      add_word(text.substr(begin, end - begin));
      begin = end;
    }
  }

  void add_word(std::string_view word) {
    if (const auto found = counts_.find(word); found != counts_.end()) {
      ++found->second;
    } else {
      counts_.emplace(word, 1);
    }
  }

  Gpt2Splitter splitter_;
  NormalizerPtr normalizer_ = make_normal_form(NormalForm::kNfc);
  Map counts_;
};

WordCounts::WordCounts(int threads) : tables_(choose_threads(threads)) {}
WordCounts::~WordCounts() = default;

void WordCounts::add(std::span<const std::string> texts) {
#pragma omp parallel for schedule(dynamic) num_threads(static_cast <int>(tables_.size()))
  for (size_t i = 0; i < texts.size(); ++i) tables_[omp_get_thread_num()].add_text(texts[i]);
}

std::vector<WordCount> WordCounts::take() {
  Table::Map& all = tables_.front().counts();
  for (size_t t = 1; t < tables_.size(); ++t) {
    for (const auto& [word, count] : tables_[t].counts()) all[word] += count;
    tables_[t].counts().clear();
  }
  std::vector<WordCount> words;
  words.reserve(all.size());
  while (!all.empty()) {
    auto node = all.extract(all.begin());
    words.push_back({std::move(node.key()), node.mapped()});
  }
  std::sort(words.begin(), words.end(),
            [](const WordCount& a, const WordCount& b) { return a.word < b.word; });
  return words;
}

}  // namespace modernbert
