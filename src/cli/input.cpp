#include "cli/input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "cli/command_line.h"
#include "cli/failure.h"
#include "cli/jsonl.h"
#include "cli/option_group.h"
#include "core/fail.h"

namespace modernbert::cli {
namespace {

constexpr const char* kInputGroup = "Input";

InvalidUtf8 parse_invalid_utf8(std::string_view name) {
  if (name == "error") return InvalidUtf8::kError;
  if (name == "replace") return InvalidUtf8::kReplace;
  fail(ErrorCode::kInvalidArgument, "\"{}\", want error or replace", name);
}

int open_stream(const std::string& file) {
  if (file == "-") return STDIN_FILENO;
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const ErrorCode code = errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
    fail(code, "{}: {}", file, std::strerror(errno));
  }
  return fd;
}

uint64_t regular_file_bytes(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) ? static_cast<uint64_t>(info.st_size) : 0;
}

}  // namespace

void add_stream_options(CommandLine& line, InputOptions& options) {
  OptionGroup input(line, kInputGroup);
  input.text("--input", options.file, "FILE", "File to read; - is standard input");
  input.parsed("--invalid-utf8", options.invalid_utf8, parse_invalid_utf8, "error|replace", "error",
               "Bytes that are not UTF-8: stop, or read U+FFFD in their place");
}

void add_input_options(CommandLine& line, InputOptions& options) {
  OptionGroup input(line, kInputGroup);
  input.text("--jsonl", options.field, "FIELD", "Lines are JSON objects; take the text from this field");
  add_stream_options(line, options);
}

Input::Input(const InputOptions& options, std::vector<std::string> texts) : options_(options) {
  const bool from_stream = texts.empty() || (texts.size() == 1 && texts[0] == "-");
  if (!from_stream) {
    if (is_jsonl()) throw UsageError("--jsonl reads a stream, not texts from the command line");
    if (options.file != "-") throw UsageError("--input and texts on the command line exclude each other");
    source_.emplace(std::move(texts), options.invalid_utf8);
    return;
  }
  fd_ = open_stream(options.file);
  source_.emplace(fd_, options.file == "-" ? "standard input" : options.file, options.invalid_utf8);
  file_bytes_ = regular_file_bytes(fd_);
}

Input::~Input() {
  if (fd_ > STDIN_FILENO) ::close(fd_);
}

std::optional<std::string> Input::text(InputLine& line) const {
  if (!is_jsonl()) return std::move(line.text);
  const auto parsed = object(line);
  if (!parsed) return std::nullopt;
  return text_field(*parsed, options_.field, place(line));
}

std::optional<Json> Input::object(const InputLine& line) const {
  return parse_jsonl(line.text, place(line));
}

std::optional<double> Input::share_read() const {
  if (file_bytes_ == 0) return std::nullopt;
  return std::min(1.0, static_cast<double>(source_->bytes_read()) / static_cast<double>(file_bytes_));
}

}  // namespace modernbert::cli
