// Finds a model: a folder, or a hub id resolved in (and downloaded to) the Hugging Face cache.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace modernbert {

// Bytes of one file that are here and bytes it has; total 0 = not known.
using DownloadProgress = std::function<void(std::string_view file, uint64_t done, uint64_t total)>;

struct HubOptions {
  std::string endpoint;  // empty: HF_ENDPOINT, else https://huggingface.co
  std::string token;     // empty: HF_TOKEN, else the token file of the cache, else none
  std::optional<std::filesystem::path>
      cache;                    // unset: HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub
  std::optional<bool> offline;  // unset: HF_HUB_OFFLINE
  DownloadProgress progress;
};

// spec: an existing folder, or `org/name[@revision]`. Returns a folder with the model's files. A branch or
// tag that the cache has is looked up on the hub again, and fetched where it has moved; where that fails (one
// quick try) the copy in the cache is used and a warning logged. A full commit hash, and offline, ask
// nothing. Errors: kNotFound (neither), kNetwork, kIo, kInvalidArgument (a malformed id).
std::filesystem::path resolve_model(std::string_view spec, const HubOptions& options = {});

}  // namespace modernbert
