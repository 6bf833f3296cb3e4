// A data set that is read: the shards of one part, seen as one list of documents.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "corpus/dataset_index.h"
#include "corpus/shard.h"

namespace modernbert {

enum class DatasetPart { kTrain, kHeldOut };

// Immutable, shared by threads.
class Dataset {
 public:
  // Reads and checks every shard of the part once, so that a damaged one is named now and not in the middle
  // of a run. Errors: kNotFound, kInvalidFile (the file, what it says and what index.json says).
  static Dataset open(const std::filesystem::path& folder, DatasetPart part);

  uint64_t documents() const { return first_document_.back(); }
  uint64_t tokens() const { return tokens_; }
  uint64_t length(uint64_t document) const;
  // Tokens [begin, begin + out.size()) of a document.
  void copy(uint64_t document, uint64_t begin, std::span<int32_t> out) const;

  const DatasetRecipe& recipe() const { return recipe_; }
  const std::filesystem::path& folder() const { return folder_; }
  // Changes with the contents of the part: what a resumed run compares.
  const std::string& fingerprint() const { return fingerprint_; }

 private:
  struct Place {
    const Shard* shard;
    uint64_t document;
  };
  Place find(uint64_t document) const;

  std::filesystem::path folder_;
  DatasetRecipe recipe_;
  std::vector<Shard> shards_;
  std::vector<uint64_t> first_document_ = {0};  // [shards + 1]
  uint64_t tokens_ = 0;
  std::string fingerprint_;
};

}  // namespace modernbert
