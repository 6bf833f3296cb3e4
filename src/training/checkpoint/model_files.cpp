#include "training/checkpoint/model_files.h"

#include <array>

#include "core/durable_file.h"
#include "core/file.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;

constexpr std::array kTokenizerFiles = {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
                                        "vocab.txt", "added_tokens.json"};

}  // namespace

WrittenFile write_text_durably(const fs::path& path, std::string_view text) {
  DurableFile file(path);
  file.write(text);
  file.finish();
  return {file.bytes(), file.crc()};
}

std::map<std::string, WrittenFile> copy_tokenizer_files(const fs::path& from, const fs::path& to) {
  std::map<std::string, WrittenFile> written;
  for (const char* name : kTokenizerFiles) {
    if (fs::exists(from / name)) written[name] = write_text_durably(to / name, read_file(from / name));
  }
  return written;
}

void publish_folder(const fs::path& output, const std::function<void(const fs::path&)>& fill) {
  const fs::path name = output.has_filename() ? output : output.parent_path();  // "folder/" is "folder"
  const fs::path unfinished = name.string() + ".unfinished";
  fs::remove_all(unfinished);
  try {
    fs::create_directories(unfinished);
    fill(unfinished);
    sync_folder(unfinished);
    rename_durably(unfinished, name);
  } catch (...) {
    std::error_code ignored;  // the first error is the one to report
    fs::remove_all(unfinished, ignored);
    throw;
  }
}

}  // namespace modernbert
