// Where a verb's texts come from: arguments, lines or JSONL of standard input or of a file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/line_source.h"
#include "core/json.h"

namespace modernbert::cli {

class CommandLine;

struct InputOptions {
  std::string file = "-";
  std::string field;  // of --jsonl; empty = plain lines
  InvalidUtf8 invalid_utf8 = InvalidUtf8::kError;
};
// --input, --invalid-utf8
void add_stream_options(CommandLine& line, InputOptions& options);
// those and --jsonl
void add_input_options(CommandLine& line, InputOptions& options);

// Not thread-safe.
class Input {
 public:
  // texts: the arguments; none, or a single "-", means the stream.
  // UsageError where arguments and options of the stream are both given.
  Input(const InputOptions& options, std::vector<std::string> texts);
  ~Input();
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  LineSource& source() { return *source_; }
  bool is_jsonl() const { return !options_.field.empty(); }
  const std::string& field() const { return options_.field; }
  std::string place(const InputLine& line) const { return source_->place(line.number); }

  // The text of a line; nullopt for a blank line of JSONL.
  std::optional<std::string> text(InputLine& line) const;
  // The object of a line, whatever --jsonl says; nullopt for a blank line.
  std::optional<Json> object(const InputLine& line) const;

  // Share of the stream read so far; nullopt where its length is not known.
  std::optional<double> share_read() const;
  bool is_stream() const { return fd_ >= 0; }

 private:
  InputOptions options_;
  int fd_ = -1;
  std::optional<LineSource> source_;
  uint64_t file_bytes_ = 0;  // 0 = not known
};

}  // namespace modernbert::cli
