// The padded arrays of a case as one packed batch, and the way from (sequence, column) back to its rows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "modernbert/token_batch.h"
#include "tensor/matrix.h"
#include "verify/case_folder.h"

namespace modernbert {

// A padded array of B sequences and L columns; leading dimensions ([batch, choices]) are flattened to B.
struct CaseInputs {
  int64_t sequences = 0;
  int64_t columns = 0;
  TokenBatch batch;             // real tokens only; positions are column numbers, as in a padded run
  std::vector<int32_t> row_of;  // [B*L] packed row, -1 = padding
};

// input_ids, attention_mask (absent: nothing is padding) and token_type_ids of the case.
// Error (kInvalidFile) for a mask with a gap or without a real token: no packed form of it exists.
CaseInputs read_case_inputs(const CaseFolder& folder, const CaseSpec& spec);

// Packed rows of [R,2] (sequence, column) pairs. Error (kInvalidFile) for padding and for pairs outside the
// array.
std::vector<int64_t> packed_rows(const CaseInputs& inputs, const Tensor& pairs);

// The packed entries of a padded [B,L] integer array.
std::vector<int32_t> packed_values(const CaseInputs& inputs, const Tensor& padded);

Matrix copy_matrix(MatView<const float> x);
Matrix gather_rows(MatView<const float> x, std::span<const int64_t> rows);

}  // namespace modernbert
