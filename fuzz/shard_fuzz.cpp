// A shard of any bytes: documents of one that is accepted can be read, whatever its checksum says.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "core/check.h"
#include "corpus/shard.h"

namespace {

constexpr int32_t kVocabSize = 50368;

void read_documents(const modernbert::Shard& shard) {
  uint64_t tokens = 0;
  for (uint64_t document = 0; document < shard.documents(); ++document) {
    std::vector<int32_t> ids(shard.length(document));
    shard.copy(document, 0, ids);
    tokens += ids.size();
  }
  MB_CHECK(tokens == shard.tokens());
}

void open_shard(const std::string& path) {
  try {
    const modernbert::Shard shard = modernbert::Shard::open(path);
    read_documents(shard);
    shard.check(kVocabSize);
  } catch (const modernbert::Error& error) {
    MB_CHECK(error.code() != modernbert::ErrorCode::kInternal);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const int fd = ::memfd_create("shard", 0);
  MB_CHECK(fd >= 0 && ::write(fd, data, size) == static_cast<ssize_t>(size));
  open_shard("/proc/self/fd/" + std::to_string(fd));
  ::close(fd);
  return 0;
}
