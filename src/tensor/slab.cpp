#include "tensor/slab.h"

#include <algorithm>
#include <mutex>

#ifdef __GLIBC__  // known once a header of the library has been read
#include <malloc.h>
#endif

#include "tensor/matrix.h"

namespace modernbert {
namespace {

constexpr size_t kCacheLine = 64;
constexpr size_t kSlabBytes = size_t{32} << 20;
constexpr size_t kLeastShared = size_t{256} << 10;  // blocks alone show a sanitizer where they end

struct Slab {
  explicit Slab(size_t bytes) : memory(bytes) {}
  size_t unused() const { return memory.capacity() - used; }

  AlignedBuffer<std::byte> memory;
  size_t used = 0;
};

}  // namespace

std::shared_ptr<std::byte> allocate_in_slab(size_t bytes) {
  static std::mutex mutex;
  static std::weak_ptr<Slab> latest;
  const std::lock_guard lock(mutex);
  std::shared_ptr<Slab> slab = latest.lock();
  if (bytes < kLeastShared) {
    slab = std::make_shared<Slab>(bytes);
  } else if (slab == nullptr || slab->unused() < bytes) {
    slab = std::make_shared<Slab>(std::max(bytes, kSlabBytes));
    latest = slab;
  }
  std::byte* block = slab->memory.data() + slab->used;
  slab->used += std::min((bytes + kCacheLine - 1) / kCacheLine * kCacheLine, slab->unused());
  return {slab, block};
}

void return_freed_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace modernbert
