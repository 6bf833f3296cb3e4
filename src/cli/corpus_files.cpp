#include "cli/corpus_files.h"

#include <algorithm>

#include "cli/command_line.h"
#include "cli/failure.h"
#include "cli/option_group.h"
#include "core/fail.h"

namespace modernbert::cli {
namespace {

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const bool hidden = entry.path().filename().string().starts_with('.');
    if (entry.is_regular_file() && !hidden) files.push_back(entry.path());
  }
  if (files.empty()) fail(ErrorCode::kNotFound, "{}: the folder holds no files", folder.string());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

void add_document_options(CommandLine& line, DocumentOptions& options) {
  OptionGroup input(line, "Input");
  input.parsed(
      "--format", options.format, parse_text_format, "auto|jsonl|text|paragraphs", "auto",
      "What a document is: the field of a line (auto: .jsonl, .ndjson), the whole file (auto: others), "
      "or what stands between blank lines");
  input.text("--field", options.field, "NAME", "Field of JSON lines that holds the text");
}

std::vector<std::filesystem::path> corpus_files(const std::vector<std::string>& arguments) {
  if (arguments.empty()) throw UsageError("no text, want FILE...");
  std::vector<std::filesystem::path> files;
  for (const std::string& argument : arguments) {
    if (std::filesystem::is_directory(argument)) {
      const auto inside = files_in(argument);
      files.insert(files.end(), inside.begin(), inside.end());
    } else {
      files.emplace_back(argument);
    }
  }
  return files;
}

uint64_t total_bytes(std::span<const std::filesystem::path> files) {
  uint64_t total = 0;
  for (const auto& file : files) {
    std::error_code absent;  // reading it will say so
    const auto size = std::filesystem::file_size(file, absent);
    if (!absent) total += size;
  }
  return total;
}

}  // namespace modernbert::cli
