#include "corpus/dataset.h"

#include <algorithm>

#include "core/check.h"
#include "core/default_threads.h"
#include "core/fail.h"
#include "core/parallel_for.h"
#include "corpus/sha256.h"

namespace modernbert {
namespace {

Shard open_listed(const std::filesystem::path& folder, const ShardFile& listed, int32_t vocab_size) {
  const std::filesystem::path path = folder / listed.name;
  Shard shard = Shard::open(path);
  if (shard.documents() != listed.documents || shard.tokens() != listed.tokens ||
      shard.checksum() != listed.checksum) {
    fail(ErrorCode::kInvalidFile,
         "{}: {} documents, {} tokens, checksum {:08x}; index.json says {}, {}, {:08x}", path.string(),
         shard.documents(), shard.tokens(), shard.checksum(), listed.documents, listed.tokens,
         listed.checksum);
  }
  shard.check(vocab_size);
  return shard;
}

}  // namespace

Dataset Dataset::open(const std::filesystem::path& folder, DatasetPart part) {
  const std::filesystem::path index_path = folder / "index.json";
  const auto json = read_json_file_if_exists(index_path);
  if (!json) {
    const bool begun = std::filesystem::exists(folder / "begun.json");
    fail(ErrorCode::kNotFound, "{}: {}", index_path.string(),
         begun ? "not there: the data set is unfinished; run tokenize-corpus again to finish it"
               : "no such file, want a folder made by tokenize-corpus");
  }
  const DatasetIndex index = read_index(*json, index_path.string());
  const std::vector<ShardFile>& listed = part == DatasetPart::kTrain ? index.train : index.held_out;
  Dataset dataset;
  dataset.folder_ = folder;
  dataset.recipe_ = index.recipe;
  dataset.shards_.resize(listed.size());
  parallel_for(listed.size(), default_threads(), [&](size_t i) {
    dataset.shards_[i] = open_listed(folder, listed[i], index.recipe.vocab_size);
  });
  std::string contents;
  for (const ShardFile& shard : listed) {
    dataset.first_document_.push_back(dataset.first_document_.back() + shard.documents);
    dataset.tokens_ += shard.tokens;
    contents += fmt::format("{} {} {:08x}\n", shard.documents, shard.tokens, shard.checksum);
  }
  dataset.fingerprint_ = fmt::format("{:016x}", sha256_prefix(contents));
  return dataset;
}

Dataset::Place Dataset::find(uint64_t document) const {
  MB_DCHECK(document < documents());
  const auto after = std::upper_bound(first_document_.begin(), first_document_.end(), document);
  const auto shard = static_cast<size_t>(after - first_document_.begin()) - 1;
  return {&shards_[shard], document - first_document_[shard]};
}

uint64_t Dataset::length(uint64_t document) const {
  const Place place = find(document);
  return place.shard->length(place.document);
}

void Dataset::copy(uint64_t document, uint64_t begin, std::span<int32_t> out) const {
  const Place place = find(document);
  place.shard->copy(place.document, begin, out);
}

}  // namespace modernbert
