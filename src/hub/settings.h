// Where the hub and its cache are: HubOptions, then the environment variables of Hugging Face's own client,
// then defaults.
#pragma once

#include <filesystem>
#include <string>

#include "modernbert/hub.h"

namespace modernbert::hub {

struct HubSettings {
  std::string endpoint;         // no trailing slash
  std::string token;            // empty: anonymous
  std::filesystem::path cache;  // the folder that holds models--…
  bool offline = false;
  DownloadProgress progress;
};

// Errors: kInvalidArgument (an endpoint that is not http(s), a token with control characters, no home
// folder), kIo (an unreadable token file).
HubSettings resolve_settings(const HubOptions& options);

}  // namespace modernbert::hub
