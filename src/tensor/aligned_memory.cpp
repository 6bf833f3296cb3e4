#include <sys/mman.h>

#include <cstdlib>
#include <new>

#include "tensor/matrix.h"

namespace modernbert {

void* allocate_aligned(size_t bytes) {
  constexpr size_t kCacheLine = 64, kHugePage = size_t{2} << 20;
  const size_t alignment = bytes >= 2 * kHugePage ? kHugePage : kCacheLine;
  const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  if (rounded < bytes) throw std::bad_alloc();
  void* memory = std::aligned_alloc(alignment, rounded);
  if (memory == nullptr) throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
  if (alignment == kHugePage)
    madvise(memory, rounded, MADV_HUGEPAGE);  // a wish: where it fails, small pages do
#endif
  return memory;
}

}  // namespace modernbert
