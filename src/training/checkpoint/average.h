// The mean of several checkpoints' weights.
#pragma once

#include <filesystem>
#include <span>

#include "tensor/dtype.h"

namespace modernbert {

// folders: of one shape; at least two. Writes `output`, a Hugging Face folder with the mean of every tensor
// (summed in double), config and tokenizer of the last one. `output` must not exist; it appears whole or not
// at all. Errors name the folder and the tensor that differ.   dtype: kF32 or kBF16.
void average_checkpoints(std::span<const std::filesystem::path> folders, const std::filesystem::path& output,
                         DType dtype);

}  // namespace modernbert
