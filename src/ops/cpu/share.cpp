#include "ops/cpu/share.h"

namespace modernbert {

void Share::wait() const {
  if (count == 1) return;
#pragma omp barrier
}

}  // namespace modernbert
