// Folders and small files that every checkpoint shares.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "tensor/safetensors_writer.h"

namespace modernbert {

// A new file with this text, on the disk when it returns.
WrittenFile write_text_durably(const std::filesystem::path& path, std::string_view text);

// Copies the tokenizer's files that are there.   Returns what was written, by name.
std::map<std::string, WrittenFile> copy_tokenizer_files(const std::filesystem::path& from,
                                                        const std::filesystem::path& to);

// Makes `output` in one step: `fill` writes into a new folder beside it, which is renamed. If `fill` fails,
// nothing is left. `output` must not exist.
void publish_folder(const std::filesystem::path& output,
                    const std::function<void(const std::filesystem::path&)>& fill);

}  // namespace modernbert
