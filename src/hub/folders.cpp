#include "hub/folders.h"

#include <system_error>

#include "core/fail.h"

namespace modernbert::hub {

void create_folders(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail(ErrorCode::kIo, "{}: cannot create the folder: {}", folder.string(), error.message());
}

}  // namespace modernbert::hub
