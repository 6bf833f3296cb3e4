// The documents of many files one after another, in blocks that keep all cores busy even where every file is
// small.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "corpus/documents.h"

namespace modernbert {

struct CorpusRecord {
  Record record;
  size_t file = 0;  // index of the file
};

// Not thread-safe; texts() uses several threads itself.
class CorpusReader {
 public:
  // options.format kAuto is decided for each file.
  CorpusReader(std::vector<std::filesystem::path> files, const DocumentOptions& options);

  // At least one record, and more until they have `bytes` bytes. False at the end of the last file.
  // Errors: those of RecordReader.
  bool next_block(size_t bytes, std::vector<CorpusRecord>& block);
  // The texts of a block. The error of the first bad record is thrown.
  std::vector<std::string> texts(std::span<const CorpusRecord> block, int threads) const;

  uint64_t file_bytes_read() const { return finished_bytes_ + (reader_ ? reader_->file_bytes_read() : 0); }

 private:
  bool next(CorpusRecord& record);

  std::vector<std::filesystem::path> files_;
  DocumentOptions options_;
  size_t file_ = 0;
  std::optional<RecordReader> reader_;  // of files_[file_]
  uint64_t finished_bytes_ = 0;         // of the files before it
};

}  // namespace modernbert
