// What this machine has to offer a run.
#pragma once

#include <filesystem>

namespace modernbert {

// Bytes that this process may still take, by the system and by its control group; 0 where nobody says.
double available_memory_bytes();

// Free bytes where `path` lies or will lie; 0 where the system does not say.
double free_disk_bytes(const std::filesystem::path& path);

}  // namespace modernbert
