// Logits over the vocabulary for chosen rows of a batch.
#pragma once

#include <cstdint>
#include <span>

#include "core/function_ref.h"
#include "model/heads.h"
#include "tensor/matrix.h"

namespace modernbert {

// Calls visit(i, logits) for each i in order with the logits [V] of row rows[i] of hidden [T,H]; visit may
// overwrite them. Few rows' logits are in memory at a time.
void visit_row_logits(const MaskedLm& head, const Matrix& hidden, std::span<const int64_t> rows,
                      FunctionRef<void(size_t, std::span<float>)> visit);

}  // namespace modernbert
