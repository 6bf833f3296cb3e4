#include "verify/folder_completion.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "core/fail.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;

// "../base (tokenizer files only)" is a path with a note.
struct Source {
  fs::path folder;
  bool tokenizer_only = false;
};

Source parse_source(const CaseFolder& folder, const Json& value) {
  if (!value.is_string()) JsonObject(folder.json, folder.source()).reject("complete_with", "folders");
  constexpr std::string_view kNote = " (tokenizer files only)";
  std::string text = value.get<std::string>();
  Source source;
  source.tokenizer_only = text.ends_with(kNote);
  if (source.tokenizer_only) text.resize(text.size() - kNote.size());
  source.folder = folder.path / text;
  if (!fs::is_directory(source.folder)) {
    fail(ErrorCode::kNotFound, "{}: complete_with names {}, which is not a folder", folder.source(),
         source.folder.string());
  }
  return source;
}

std::vector<Source> read_sources(const CaseFolder& folder) {
  std::vector<Source> sources;
  const Json* value = JsonObject(folder.json, folder.source()).find("complete_with");
  if (value == nullptr) return sources;
  if (!value->is_array()) return {parse_source(folder, *value)};
  for (const Json& entry : *value) sources.push_back(parse_source(folder, entry));
  return sources;
}

bool is_tokenizer_file(const fs::path& name) {
  constexpr std::array<std::string_view, 6> kNames = {
      "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.txt",
      "merges.txt"};
  return std::ranges::find(kNames, name.string()) != kNames.end();
}

// Links every file below `from` that `to` does not have yet. Case files belong to their own folder.
void link_missing(const fs::path& from, const fs::path& to, bool tokenizer_only) {
  const fs::path root = fs::canonical(from);
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const fs::path relative = entry.path().lexically_relative(root);
    const fs::path link = to / relative;
    const bool case_file = relative == "cases.json" || relative == "cases.safetensors";
    if (!entry.is_regular_file() || case_file || (tokenizer_only && !is_tokenizer_file(relative))) continue;
    if (fs::symlink_status(link).type() != fs::file_type::not_found) continue;
    fs::create_directories(link.parent_path());
    fs::create_symlink(entry.path(), link);
  }
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "modernbert-verify-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) fail(ErrorCode::kIo, "{}: cannot make a temporary folder", name);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;  // nothing can be done about it here
  fs::remove_all(path_, ignored);
}

CompletedFolder::CompletedFolder(const CaseFolder& folder) : folder_(folder.path) {
  const auto sources = read_sources(folder);
  if (sources.empty()) return;
  links_ = std::make_unique<TemporaryFolder>();
  try {
    link_missing(folder_, links_->path(), false);
    for (const Source& source : sources) link_missing(source.folder, links_->path(), source.tokenizer_only);
  } catch (const fs::filesystem_error& error) {
    fail(ErrorCode::kIo, "{}: cannot complete this folder: {}", folder_.string(), error.what());
  }
}

}  // namespace modernbert
