#include "tokenizer/training/bpe_trainer.h"

#include <algorithm>
#include <queue>
#include <string_view>
#include <unordered_map>

#include "core/fail.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/training/pair_counts.h"

namespace modernbert {
namespace {

constexpr int kBytes = 256;
constexpr int32_t kProgressEvery = 256;

// A pair waiting to be merged. `words`: where it was first seen; that it may have gone from some of them by
// now, and that its count may be out of date, shows only when its turn comes.
struct Candidate {
  SymbolPair pair;
  uint32_t index;  // in the pair counts
  int64_t count;
  std::vector<uint32_t> words;
};

// The most frequent pair first, of equals the one with the smaller ids.
struct ComesLater {
  bool operator()(const Candidate& a, const Candidate& b) const {
    return a.count != b.count ? a.count < b.count : a.pair > b.pair;
  }
};

// Words as symbols, one after another in one array; a word only ever gets shorter.
class SymbolWords {
 public:
  SymbolWords(std::span<const WordCount> words, const std::vector<int32_t>& id_of_byte) {
    for (const WordCount& word : words) {
      begins_.push_back(symbols_.size());
      lengths_.push_back(static_cast<uint32_t>(word.word.size()));
      counts_.push_back(word.count);
      for (const char byte : word.word) symbols_.push_back(id_of_byte[static_cast<unsigned char>(byte)]);
    }
  }

  size_t size() const { return begins_.size(); }
  int64_t count(uint32_t word) const { return counts_[word]; }
  std::span<const int32_t> symbols(uint32_t word) const {
    return {symbols_.data() + begins_[word], lengths_[word]};
  }

  // Replaces the pair by `merged` from left to right; change(pair, ±1) for each neighbourhood that goes or
  // comes. The pair's own count is left as it is, as in the reference.
  template <class Change>
  void merge(uint32_t word, SymbolPair pair, int32_t merged, const Change& change) {
    int32_t* const symbols = symbols_.data() + begins_[word];
    const uint32_t length = lengths_[word];
    uint32_t written = 0;
    for (uint32_t i = 0; i < length; ++i) {
      if (symbols[i] != pair.first || i + 1 == length || symbols[i + 1] != pair.second) {
        symbols[written++] = symbols[i];
        continue;
      }
      if (written > 0) {
        change(SymbolPair{symbols[written - 1], pair.first}, -1);
        change(SymbolPair{symbols[written - 1], merged}, +1);
      }
      if (i + 2 < length) {
        change(SymbolPair{pair.second, symbols[i + 2]}, -1);
        change(SymbolPair{merged, symbols[i + 2]}, +1);
      }
      symbols[written++] = merged;
      ++i;
    }
    lengths_[word] = written;
  }

 private:
  std::vector<int32_t> symbols_;
  std::vector<size_t> begins_;
  std::vector<uint32_t> lengths_;
  std::vector<int64_t> counts_;
};

class Trainer {
 public:
  Trainer(std::span<const WordCount> words, const BpeTrainingOptions& options)
      : options_(options), words_(words, add_first_tokens()) {
    count_pairs();
  }

  TrainedBpe run() {
    while (static_cast<int32_t>(result_.tokens.size()) < options_.vocab_size && !queue_.empty()) {
      Candidate best =
          std::move(const_cast<Candidate&>(queue_.top()));  // popped at once: order is not needed
      queue_.pop();
      if (const int64_t count = pairs_.count(best.index); count != best.count) {
        best.count = count;
        queue_.push(std::move(best));
        continue;
      }
      if (best.count < 1 || best.count < options_.min_frequency) break;
      merge(best);
    }
    keep_last_of_repeated_merges();
    return std::move(result_);
  }

 private:
  // Returns the id of each byte. Bytes are ordered by the characters that stand for them.
  std::vector<int32_t> add_first_tokens() {
    for (const std::string& token : options_.special_tokens) id_of(token);
    result_.special_tokens = result_.tokens.size();
    std::vector<int> bytes(kBytes);
    for (int byte = 0; byte < kBytes; ++byte) bytes[byte] = byte;
    std::sort(bytes.begin(), bytes.end(), [](int a, int b) {
      return byte_to_char(static_cast<unsigned char>(a)) < byte_to_char(static_cast<unsigned char>(b));
    });
    std::vector<int32_t> ids(kBytes);
    for (const int byte : bytes) ids[byte] = id_of(std::string(1, static_cast<char>(byte)));
    return ids;
  }

  int32_t id_of(const std::string& token) {
    const auto [entry, added] = ids_.try_emplace(token, static_cast<int32_t>(result_.tokens.size()));
    if (added) result_.tokens.push_back(token);
    return entry->second;
  }

  void count_pairs() {
    for (uint32_t word = 0; word < words_.size(); ++word) {
      const auto symbols = words_.symbols(word);
      for (size_t i = 1; i < symbols.size(); ++i) {
        const uint32_t index = pairs_.index_of({symbols[i - 1], symbols[i]});
        pairs_.count(index) += words_.count(word);
        note_place(index, word);
      }
    }
    push_noted();
  }

  void merge(const Candidate& best) {
    const auto [first, second] = best.pair;
    // Two pairs may spell the same token: then it keeps the id that it has.
    const int32_t merged = id_of(result_.tokens[first] + result_.tokens[second]);
    result_.merges.emplace_back(first, second);
    for (const uint32_t word : best.words) {
      words_.merge(word, best.pair, merged, [&](SymbolPair pair, int change) {
        const uint32_t index = pairs_.index_of(pair);
        pairs_.count(index) += change * words_.count(word);
        if (change > 0) note_place(index, word);
      });
    }
    push_noted();
    const auto tokens = static_cast<int32_t>(result_.tokens.size());
    if (options_.progress && tokens % kProgressEvery == 0) options_.progress(tokens);
  }

  // A word's places come one after another, so a repeated one is the last.
  void note_place(uint32_t index, uint32_t word) {
    if (index >= place_of_.size()) place_of_.resize(pairs_.size(), kNoPlace);
    if (place_of_[index] == kNoPlace) {
      place_of_[index] = static_cast<uint32_t>(noted_.size());
      noted_.push_back({pairs_.pair(index), index, 0, {}});
    }
    std::vector<uint32_t>& words = noted_[place_of_[index]].words;
    if (words.empty() || words.back() != word) words.push_back(word);
  }

  void push_noted() {
    for (Candidate& candidate : noted_) {
      place_of_[candidate.index] = kNoPlace;
      candidate.count = pairs_.count(candidate.index);
      if (candidate.count > 0) queue_.push(std::move(candidate));
    }
    noted_.clear();
  }

  // A pair whose token has a second spelling can come up twice; the reference numbers merges by their last
  // appearance.
  void keep_last_of_repeated_merges() {
    std::unordered_map<uint64_t, size_t> last;
    const auto key = [](const std::pair<int32_t, int32_t>& merge) {
      return static_cast<uint64_t>(merge.first) << 32 | static_cast<uint32_t>(merge.second);
    };
    for (size_t i = 0; i < result_.merges.size(); ++i) last[key(result_.merges[i])] = i;
    size_t kept = 0;
    for (size_t i = 0; i < result_.merges.size(); ++i) {
      if (last[key(result_.merges[i])] == i) result_.merges[kept++] = result_.merges[i];
    }
    result_.merges.resize(kept);
  }

  static constexpr uint32_t kNoPlace = UINT32_MAX;

  const BpeTrainingOptions& options_;
  TrainedBpe result_;
  std::unordered_map<std::string, int32_t> ids_;
  SymbolWords words_;
  PairCounts pairs_;
  std::priority_queue<Candidate, std::vector<Candidate>, ComesLater> queue_;
  std::vector<Candidate> noted_;    // pairs that the current step made
  std::vector<uint32_t> place_of_;  // by pair index: its place in noted_
};

}  // namespace

TrainedBpe train_bpe(std::span<const WordCount> words, const BpeTrainingOptions& options) {
  const int64_t least = static_cast<int64_t>(options.special_tokens.size()) + kBytes;
  if (options.vocab_size < least) {
    fail(ErrorCode::kInvalidArgument,
         "a vocabulary of {} tokens, want at least {}: {} special tokens and the 256 bytes",
         options.vocab_size, least, options.special_tokens.size());
  }
  return Trainer(words, options).run();
}

}  // namespace modernbert
