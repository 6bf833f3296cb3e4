// Text to tokens: bytes a second for the byte-level BPE of models/nano and for a small WordPiece vocabulary,
// on one thread and on all. The texts are made by a rule, so that figures of different days compare.
#include <benchmark/benchmark.h>

#include <string>
#include <thread>
#include <vector>

#include "modernbert/tokenizer.h"

namespace modernbert {
namespace {

constexpr size_t kTexts = 256;
constexpr size_t kTextBytes = 1024;

uint32_t next_random(uint32_t& state) {
  return state = state * 1664525U + 1013904223U;
}

// Prose of common words with names, numbers, punctuation, code and other scripts in between, as real texts
// have.
std::string make_text(uint32_t seed) {
  static const std::vector<std::string> kWords = {
      "the",          "of",           "and",      "a",        "to",        "in",        "is",
      "was",          "that",         "for",      "with",     "house",     "window",    "thought",
      "before",       "nothing",      "question", "children", "water",     "return",    "computer",
      "language",     "Elizabeth",    "Tuesday",  "1987",     "3.14",      "don't",     "it's",
      "naïve",        "Straße",       "Москва",   "東京",     "std::move", "def f(x):", "{\"a\": 1}",
      "unbelievably", "co-operation", "\n\n",     "🙂",     "etc."};
  static const std::vector<std::string> kEnds = {" ", " ", " ", " ", " ", ", ", ". ", "; ", " (", ") "};
  uint32_t state = seed;
  std::string text;
  while (text.size() < kTextBytes) {
    // Two draws: small indices, which are the common words, come more often.
    const uint32_t word = (next_random(state) >> 16) % kWords.size(),
                   other = (next_random(state) >> 16) % kWords.size();
    text += kWords[std::min(word, other)];
    text += kEnds[(next_random(state) >> 16) % kEnds.size()];
  }
  return text;
}

std::vector<std::string> make_texts() {
  std::vector<std::string> texts;
  for (size_t i = 0; i < kTexts; ++i) texts.push_back(make_text(static_cast<uint32_t>(i)));
  return texts;
}

void encode(benchmark::State& state, const char* folder, const EncodeOptions& options) {
  const Tokenizer tokenizer = Tokenizer::load(std::string(MODERNBERT_SOURCE_DIR) + folder);
  const std::vector<std::string> texts = make_texts();
  int64_t bytes = 0, tokens = 0;
  for (const std::string& text : texts) bytes += static_cast<int64_t>(text.size());
  for (auto _ : state) {
    tokens = 0;
    for (const Encoding& encoding :
         tokenizer.encode_batch(texts, options, static_cast<int>(state.range(0)))) {
      tokens += static_cast<int64_t>(encoding.ids.size());
    }
  }
  state.SetBytesProcessed(state.iterations() * bytes);
  state.SetItemsProcessed(state.iterations() * tokens);
}

void decode(benchmark::State& state, const char* folder) {
  const Tokenizer tokenizer = Tokenizer::load(std::string(MODERNBERT_SOURCE_DIR) + folder);
  const std::vector<int32_t> ids = tokenizer.encode(make_text(1)).ids;
  int64_t bytes = 0;
  for (auto _ : state) bytes = static_cast<int64_t>(tokenizer.decode(ids).size());
  state.SetBytesProcessed(state.iterations() * bytes);
}

void thread_counts(benchmark::internal::Benchmark* bench) {
  const auto all = static_cast<int64_t>(std::max(1U, std::thread::hardware_concurrency()));
  bench->Arg(1);
  if (all > 1) bench->Arg(all);
  bench->ArgName("threads")->UseRealTime()->Unit(benchmark::kMillisecond);
}

constexpr const char* kBpe = "/models/nano";
constexpr const char* kWordPiece = "/tests/tasks/goldens/tokenizer_wordpiece";

BENCHMARK_CAPTURE(encode, bpe, kBpe, {})->Apply(thread_counts);
BENCHMARK_CAPTURE(encode, bpe_truncated, kBpe, {.max_length = 64})->Apply(thread_counts);
BENCHMARK_CAPTURE(encode, wordpiece, kWordPiece, {})->Apply(thread_counts);
BENCHMARK_CAPTURE(decode, bpe, kBpe);

}  // namespace
}  // namespace modernbert
