// A small corpus with a tokenizer and a data set of its own.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/random.h"
#include "corpus/prepare_dataset.h"
#include "temporary_folder.h"
#include "tokenizer/training/trained_files.h"

namespace modernbert::testing {

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Text of `words` words that is different for every key.
inline std::string made_text(uint64_t key, size_t words) {
  static const std::vector<std::string> kWords = {"the",  "castle",  "of",    "river", "walked", "under",
                                                  "moon", "singing", "never", "old",   "stones", "1984"};
  std::string text;
  for (size_t i = 0; i < words; ++i) {
    const uint64_t draw = random_hash(key, i);
    text += (text.empty() ? "" : draw % 7 == 0 ? ", " : " ") + kWords[draw / 7 % kWords.size()];
  }
  return text + ".";
}

inline void write_tokenizer(const std::filesystem::path& folder, int32_t vocab_size = 320) {
  WordCounts counts(1);
  std::vector<std::string> texts;
  for (uint64_t i = 0; i < 50; ++i) texts.push_back(made_text(i, 100));
  counts.add(texts);
  const BpeTrainingOptions options{.vocab_size = vocab_size, .special_tokens = modernbert_special_tokens()};
  write_tokenizer_files(folder, train_bpe(counts.take(), options), 512);
}

// JSON lines of documents between 1 and 400 words.
inline void write_documents(const std::filesystem::path& path, uint64_t key, size_t documents) {
  std::ofstream file(path);
  for (size_t i = 0; i < documents; ++i) {
    const size_t words = 1 + random_below(key, i, 400);
    file << "{\"text\":\"" << made_text(random_hash(key, i), words) << "\"}\n";
  }
}

class SmallCorpus {
 public:
  SmallCorpus() {
    write_tokenizer(path() / "tokenizer");
    for (const char* name : {"first", "second"}) {
      write_documents(path() / (std::string(name) + ".jsonl"), name[0], 400);
      prepare(name, options());
    }
  }
  static PrepareOptions options() {
    PrepareOptions options;
    options.held_out_share = 0.1;
    options.shard_bytes = 100'000;
    options.threads = 2;
    return options;
  }
  // The data set of NAME.jsonl in the folder NAME.
  DatasetIndex prepare(const std::string& name, const PrepareOptions& options) const {
    return prepare_dataset({path() / (name + ".jsonl")}, path() / "tokenizer", path() / name, options);
  }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

}  // namespace modernbert::testing
