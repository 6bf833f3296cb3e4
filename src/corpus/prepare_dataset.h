// From text files to a data set: a folder of tokenized shards that training maps into memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "corpus/dataset_index.h"
#include "corpus/documents.h"

namespace modernbert {

struct PrepareProgress {
  uint64_t bytes = 0;          // of the files, read so far
  uint64_t bytes_skipped = 0;  // of those, what an earlier run had finished
  uint64_t documents = 0;
  uint64_t tokens = 0;
};

struct PrepareOptions {
  DocumentOptions documents;
  double held_out_share = 0.005;              // of the documents, chosen by a hash of their text
  uint64_t shard_bytes = uint64_t{64} << 20;  // text of a shard; a longer document makes a longer shard
  int threads = 0;                            // 0 = all cores
  std::function<void(const PrepareProgress&)> progress;  // may be empty
};

// Writes `folder`: train-00000.tokens, heldout-00000.tokens, …, the tokenizer's files and, last, index.json.
// A run that was interrupted goes on where it stopped: finished shards are kept, the result is the same to
// the bit. A folder that is complete is left as it is.
//
// tokenizer: a folder with tokenizer.json, or the file. Documents without tokens are left out.
// Errors: kInvalidArgument where the folder was begun with other files, options or another tokenizer (says
// what differs); kInvalidFile for bad text; kIo, such as a full disk, which leaves whole shards only.
DatasetIndex prepare_dataset(const std::vector<std::filesystem::path>& files,
                             const std::filesystem::path& tokenizer, const std::filesystem::path& folder,
                             const PrepareOptions& options);

}  // namespace modernbert
