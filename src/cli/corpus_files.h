// Text files as the verbs that prepare or read a corpus take them.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "corpus/documents.h"

namespace modernbert::cli {

class CommandLine;

// --format, --field
void add_document_options(CommandLine& line, DocumentOptions& options);

// The arguments as paths; a folder stands for the files in it, sorted by name. UsageError for none at all.
std::vector<std::filesystem::path> corpus_files(const std::vector<std::string>& arguments);

uint64_t total_bytes(std::span<const std::filesystem::path> files);

}  // namespace modernbert::cli
