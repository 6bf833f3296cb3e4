// Long-lived blocks that lie side by side on huge pages. Allocated one by one, a weight matrix of one to four
// megabytes gets small pages, or leaves much of its last huge one unused.
#pragma once

#include <cstddef>
#include <memory>

namespace modernbert {

// Uninitialised memory aligned to a cache line; large enough blocks share a slab, whose memory is returned
// when the last of them is gone. From any thread. Throws std::bad_alloc.
std::shared_ptr<std::byte> allocate_in_slab(size_t bytes);

// Gives the system back what the C library keeps of freed memory: after weights have been converted that is
// tens of megabytes, which blocks in slabs do not use again.
void return_freed_memory();

}  // namespace modernbert
