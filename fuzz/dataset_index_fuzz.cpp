// An index.json of any bytes: one that is accepted names files of its own folder only, and is read again as
// it was.
#include <cstdint>
#include <string>
#include <string_view>

#include "core/check.h"
#include "corpus/dataset_index.h"

namespace {

void check_names(const std::vector<modernbert::ShardFile>& shards) {
  for (const auto& shard : shards) MB_CHECK(shard.name.find('/') == std::string::npos && shard.name != "..");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto index = modernbert::read_index(modernbert::parse_json(text, "fuzz"), "fuzz");
    check_names(index.train);
    check_names(index.held_out);
    const std::string written = modernbert::to_text(index);
    const auto again = modernbert::read_index(modernbert::parse_json(written, "again"), "again");
    MB_CHECK(modernbert::difference(index.recipe, again.recipe).empty());
    MB_CHECK(modernbert::to_text(again) == written);
  } catch (const modernbert::Error& error) {
    MB_CHECK(error.code() != modernbert::ErrorCode::kInternal);
  }
  return 0;
}
