// One model's folder in the hub's cache, in the layout that Hugging Face's own client reads and writes:
//
//   models--org--name/refs/<revision>             the commit that a branch or tag stood for
//   models--org--name/snapshots/<commit>/<file>   relative link to the blob
//   models--org--name/blobs/<etag>                content; <etag>.incomplete while it is being fetched
//   models--org--name/.no_exist/<commit>/<file>   empty: this commit is known not to have the file
//   .locks/models--org--name/<etag>.lock          held (flock) by whoever fetches the blob
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "hub/model_id.h"

namespace modernbert::hub {

class RepoCache {
 public:
  RepoCache(const std::filesystem::path& cache, const std::string& model_name);

  // Commit that the revision stands for, as far as the cache knows. A malformed ref file counts as absent.
  std::optional<std::string> find_commit(const std::string& revision) const;
  std::filesystem::path snapshot(const std::string& commit) const;
  std::filesystem::path blob(const std::string& etag) const;
  std::filesystem::path lock_file(const std::string& etag) const;
  std::filesystem::path refs_lock_file() const;  // for whoever calls mark_absent and write_ref

  // Empty where nothing is missing, else the name of a file that a usable snapshot needs: config.json, a
  // tokenizer, the weights with all their shards, the folders of modules.json. A file that the commit is
  // known not to have is not needed.
  std::string missing_file(const std::string& commit) const;

  // The writers create folders as needed and rely on the caller's lock. Errors: kIo.
  // Makes snapshots/<commit>/<file> a relative link to the blob, replacing what is there in one step.
  void link_snapshot_file(const std::string& commit, const std::string& file, const std::string& etag) const;
  void mark_absent(const std::string& commit, const std::string& file) const;
  // No ref is kept for a commit hash: it stands for itself.
  void write_ref(const std::string& revision, const std::string& commit) const;

 private:
  bool is_known_absent(const std::string& commit, const std::string& file) const;
  std::filesystem::path folder_;
  std::filesystem::path locks_;
};

}  // namespace modernbert::hub
