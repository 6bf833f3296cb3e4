#include "corpus/documents.h"

#include <algorithm>
#include <array>

#include "core/fail.h"
#include "core/json.h"
#include "core/names.h"
#include "core/utf8.h"

namespace modernbert {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;
constexpr size_t kMaxRecordBytes = size_t{256} << 20;

constexpr std::array<NamedValue<TextFormat>, 4> kFormats = {{{"auto", TextFormat::kAuto},
                                                             {"jsonl", TextFormat::kJsonLines},
                                                             {"text", TextFormat::kText},
                                                             {"paragraphs", TextFormat::kParagraphs}}};

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

// The line of the file and the byte in it (from 0) of a byte of the record.
std::string place(const std::filesystem::path& path, const Record& record, size_t byte) {
  const std::string_view before = std::string_view(record.bytes).substr(0, byte);
  const auto lines = static_cast<uint64_t>(std::count(before.begin(), before.end(), '\n'));
  const size_t line_begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return fmt::format("{}, line {}, byte {}", path.string(), record.line + lines, byte - line_begin);
}

std::string json_text(const Record& record, const std::filesystem::path& path, const std::string& field) {
  const std::string where = fmt::format("{}, line {}", path.string(), record.line);
  Json object = parse_json(record.bytes, where);
  if (!object.is_object()) {
    fail(ErrorCode::kInvalidFile, "{}: {} is not a JSON object", where, brief(object));
  }
  const auto found = object.find(field);
  if (found == object.end()) {
    std::string names;
    for (const auto& entry : object.items()) names += (names.empty() ? "" : ", ") + entry.key();
    fail(ErrorCode::kInvalidFile, "{}: no field \"{}\", found {}", where, field,
         names.empty() ? "none" : names);
  }
  if (!found->is_string()) {
    fail(ErrorCode::kInvalidFile, "{}: {} is {}, want a string", where, field, brief(*found));
  }
  return std::move(found->get_ref<std::string&>());
}

}  // namespace

TextFormat parse_text_format(std::string_view name) {
  for (const auto& format : kFormats) {
    if (format.name == name) return format.value;
  }
  fail(ErrorCode::kInvalidArgument, "\"{}\", want auto, jsonl, text or paragraphs", name);
}

std::string_view to_string(TextFormat format) {
  return name_of<TextFormat>(format, kFormats);
}

TextFormat resolve_format(TextFormat format, const std::filesystem::path& path) {
  if (format != TextFormat::kAuto) return format;
  const auto extension = without_compression_suffix(path).extension();
  return extension == ".jsonl" || extension == ".ndjson" ? TextFormat::kJsonLines : TextFormat::kText;
}

RecordReader::RecordReader(std::filesystem::path path, const DocumentOptions& options)
    : path_(std::move(path)), options_(options), source_(open_byte_source(path_)) {
  options_.format = resolve_format(options_.format, path_);
}

bool RecordReader::next(Record& record) {
  record.bytes.clear();
  bool found = false;
  switch (options_.format) {
    case TextFormat::kJsonLines:
      found = next_line_record(record);
      break;
    case TextFormat::kParagraphs:
      found = next_paragraph(record);
      break;
    default:
      found = read_all(record);
  }
  if (!found && !any_bytes_)
    fail(ErrorCode::kInvalidFile, "{}: the file is empty, want text", path_.string());
  return found;
}

bool RecordReader::next_line_record(Record& record) {
  std::string_view line;
  while (take_line(line)) {
    if (is_blank(line)) continue;
    record.bytes.assign(line);
    record.line = lines_;
    return true;
  }
  return false;
}

bool RecordReader::next_paragraph(Record& record) {
  std::string_view line;
  while (take_line(line)) {
    if (is_blank(line)) {
      if (record.bytes.empty()) continue;
      break;
    }
    if (record.bytes.empty()) {
      record.line = lines_;
    } else {
      record.bytes += '\n';
    }
    record.bytes += line;
    check_size(record.bytes.size());
  }
  return !record.bytes.empty();
}

bool RecordReader::read_all(Record& record) {
  while (read_more()) check_size(buffer_.size());
  record.bytes = std::move(buffer_);
  buffer_.clear();
  record.line = 1;
  return !record.bytes.empty();
}

// False at the end. The view holds until the next call. The line end (LF or CRLF) is left out.
bool RecordReader::take_line(std::string_view& line) {
  size_t end = buffer_.find('\n', scanned_);
  while (end == std::string::npos && read_more()) {
    check_size(buffer_.size() - begin_);
    end = buffer_.find('\n', scanned_);
  }
  const bool complete = end != std::string::npos;
  if (!complete) {
    end = buffer_.size();
    if (begin_ == end) return false;
  }
  line = std::string_view(buffer_).substr(begin_, end - begin_);
  begin_ = scanned_ = complete ? end + 1 : end;
  if (line.ends_with('\r')) line.remove_suffix(1);
  ++lines_;
  return true;
}

bool RecordReader::read_more() {
  if (at_end_) return false;
  buffer_.erase(0, begin_);
  begin_ = 0;
  const size_t old_size = scanned_ = buffer_.size();
  buffer_.resize(old_size + kReadBytes);
  const size_t n = source_->read(std::span(buffer_).subspan(old_size));
  buffer_.resize(old_size + n);
  at_end_ = n == 0;
  any_bytes_ = any_bytes_ || n > 0;
  return !at_end_;
}

void RecordReader::check_size(size_t bytes) const {
  if (bytes <= kMaxRecordBytes) return;
  fail(ErrorCode::kInvalidFile, "{}: a document above {} MiB, want shorter ones{}", path_.string(),
       kMaxRecordBytes >> 20, options_.format == TextFormat::kText ? ", or the format \"paragraphs\"" : "");
}

std::string document_text(const Record& record, const std::filesystem::path& path,
                          const DocumentOptions& options) {
  if (const auto bad = find_invalid_utf8(record.bytes)) {
    fail(ErrorCode::kInvalidFile, "{}: 0x{:02x} is not valid UTF-8", place(path, record, *bad),
         static_cast<unsigned char>(record.bytes[*bad]));
  }
  if (const size_t nul = record.bytes.find('\0'); nul != std::string::npos) {
    fail(ErrorCode::kInvalidFile, "{}: a NUL byte: this is a binary file, want text",
         place(path, record, nul));
  }
  return options.format == TextFormat::kJsonLines ? json_text(record, path, options.field) : record.bytes;
}

}  // namespace modernbert
