// Which files of a repository a model needs, and which names are safe to use as paths.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace modernbert::hub {

inline constexpr const char* kConfigFile = "config.json";
inline constexpr const char* kTokenizerFile = "tokenizer.json";
inline constexpr const char* kVocabFile = "vocab.txt";
inline constexpr const char* kWeightsFile = "model.safetensors";
inline constexpr const char* kWeightsIndex = "model.safetensors.index.json";

// A relative path that stays below its folder: no empty, `.` or `..` part, no backslash, no control
// character.
bool is_safe_file_name(std::string_view name);

// From a repository's listing: *.json, *.txt and *.safetensors, also of subfolders such as 1_Pooling/, but
// not of exports to other engines or of training checkpoints. Small files come first, so that what is wrong
// with them shows before gigabytes are fetched. model: for messages. Errors: kInvalidFile (a hostile name),
// kUnsupported (weights in another format only; says how to convert).
std::vector<std::string> select_files(std::span<const std::string> listing, const std::string& model);

}  // namespace modernbert::hub
