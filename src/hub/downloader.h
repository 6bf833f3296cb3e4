// Brings a revision of a model into the cache.
#pragma once

#include <filesystem>
#include <string>

#include "hub/hub_client.h"
#include "hub/repo_cache.h"

namespace modernbert::hub {

class Downloader {
 public:
  Downloader(HubClient& hub, const RepoCache& cache, const ModelId& id, DownloadProgress progress);

  // Fetches what the cache lacks, links it into the commit's snapshot, and last of all lets the revision
  // point there. Returns the commit. Errors: those of HubClient and select_files; kNetwork for content that
  // does not have the size or digest that the hub announced; kIo.
  std::string fetch_snapshot() { return fetch_snapshot(hub_.list()); }
  // The same where the hub has been asked already.
  std::string fetch_snapshot(const RepoListing& listing);

 private:
  void fetch_file(const std::string& commit, const std::string& file);
  void fetch_blob(const std::string& commit, const std::string& file, const RemoteFile& remote);

  HubClient& hub_;
  const RepoCache& cache_;
  const ModelId& id_;
  DownloadProgress progress_;
};

}  // namespace modernbert::hub
