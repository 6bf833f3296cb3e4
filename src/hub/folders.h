// mkdir -p with our errors.
#pragma once

#include <filesystem>

namespace modernbert::hub {

// Errors: kIo, naming the folder.
void create_folders(const std::filesystem::path& folder);

}  // namespace modernbert::hub
