// Documents out of text files: JSON lines with a text field, or plain text.
//
// Reading has two halves. RecordReader cuts a file into records one after another, which is cheap;
// document_text makes a record's text and checks it, which any thread may do.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "corpus/byte_source.h"

namespace modernbert {

enum class TextFormat {
  kAuto,        // by the file's name: .jsonl and .ndjson are JSON lines, everything else plain text
  kJsonLines,   // one object a line
  kText,        // the whole file is one document
  kParagraphs,  // plain text, documents separated by blank lines
};
// "auto", "jsonl", "text", "paragraphs". Error (kInvalidArgument) for other names.
TextFormat parse_text_format(std::string_view name);
std::string_view to_string(TextFormat format);
// Replaces kAuto by what the file's name says.
TextFormat resolve_format(TextFormat format, const std::filesystem::path& path);

struct DocumentOptions {
  TextFormat format = TextFormat::kAuto;
  std::string field = "text";  // of JSON lines
};

// A part of a file that holds one document.
struct Record {
  std::string bytes;  // a line of JSON, or text
  uint64_t line = 0;  // of the file, from 1: where the record starts
};

// The record's text. format: not kAuto. Thread-safe. Errors (kInvalidFile) name file, line and byte: invalid
// UTF-8, NUL bytes (a binary file), not an object, no such field.
std::string document_text(const Record& record, const std::filesystem::path& path,
                          const DocumentOptions& options);

// Not thread-safe.
class RecordReader {
 public:
  RecordReader(std::filesystem::path path, const DocumentOptions& options);

  // The next record; false at the end. Blank lines of JSON lines are no records.
  // Errors (kInvalidFile): an empty file; a record above 256 MiB. Those of ByteSource.
  bool next(Record& record);
  uint64_t file_bytes_read() const { return source_->file_bytes_read(); }
  const std::filesystem::path& path() const { return path_; }
  const DocumentOptions& options() const { return options_; }  // format: never kAuto

 private:
  bool take_line(std::string_view& line);
  bool next_line_record(Record& record);
  bool next_paragraph(Record& record);
  bool read_all(Record& record);
  bool read_more();
  void check_size(size_t bytes) const;

  std::filesystem::path path_;
  DocumentOptions options_;
  std::unique_ptr<ByteSource> source_;
  std::string buffer_;
  size_t begin_ = 0;    // first byte of buffer_ not handed out
  size_t scanned_ = 0;  // no line end in buffer_[begin_, scanned_)
  bool at_end_ = false;
  bool any_bytes_ = false;
  uint64_t lines_ = 0;
};

}  // namespace modernbert
