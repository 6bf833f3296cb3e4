// A file that appears whole or not at all: written under a temporary name beside its place, renamed at the
// end, removed on failure and when the program is interrupted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "cli/byte_writer.h"

namespace modernbert::cli {

// One at a time in the whole program (the signal handler knows one name). Not thread-safe.
class OutputFile {
 public:
  // Error{kIo or kNotFound} where the temporary file cannot be made.
  explicit OutputFile(std::filesystem::path path);
  ~OutputFile();  // removes the temporary file unless commit() has run
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  ByteWriter& writer() { return *writer_; }
  // Replaces bytes at the start of the file, after what was written so far.
  void overwrite_start(std::string_view bytes);
  // Gives the file its name.
  void commit();

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int fd_ = -1;
  std::optional<ByteWriter> writer_;
};

}  // namespace modernbert::cli
