#include "verify/case_inputs.h"

#include <algorithm>
#include <utility>

#include "core/fail.h"

namespace modernbert {
namespace {

constexpr int64_t kMaxTokens = int64_t{1} << 28;

void require_same_shape(const Tensor& tensor, const Tensor& ids, std::string_view role) {
  if (tensor.shape != ids.shape) {
    fail(ErrorCode::kInvalidFile, "{}: {} is {}, want {} as input_ids", tensor.source, role,
         tensor.shape_text(), ids.shape_text());
  }
}

// [begin, end) of the real tokens of one row of a mask.
std::pair<int64_t, int64_t> real_columns(std::span<const int32_t> mask, int64_t sequence,
                                         const std::string& source) {
  const auto first = std::ranges::find(mask, 1);
  const auto last = std::ranges::find(first, mask.end(), 0);
  const auto is_zero = [](int32_t m) { return m == 0; };
  const bool one_run = first != mask.end() && std::all_of(mask.begin(), first, is_zero) &&
                       std::all_of(first, last, [](int32_t m) { return m == 1; }) &&
                       std::all_of(last, mask.end(), is_zero);
  if (!one_run) {
    fail(ErrorCode::kInvalidFile, "{}: row {} of attention_mask, want one run of ones between zeros", source,
         sequence);
  }
  return {first - mask.begin(), last - mask.begin()};
}

void add_sequence(CaseInputs& inputs, int64_t sequence, std::pair<int64_t, int64_t> real,
                  std::span<const int32_t> ids, std::span<const int32_t> type_ids) {
  const auto [begin, end] = real;
  const int32_t first_row = inputs.batch.tokens();
  const auto length = static_cast<size_t>(end - begin);
  inputs.batch.add(ids.subspan(begin, length), type_ids.empty() ? type_ids : type_ids.subspan(begin, length));
  for (int64_t column = begin; column < end; ++column) {
    const auto row = static_cast<int32_t>(first_row + column - begin);
    inputs.batch.positions[row] = static_cast<int32_t>(column);
    inputs.row_of[sequence * inputs.columns + column] = row;
  }
}

std::vector<int32_t> read_optional(const Tensor* tensor, const Tensor& ids, std::string_view role) {
  if (tensor == nullptr) return {};
  require_same_shape(*tensor, ids, role);
  return tensor->to_ints();
}

}  // namespace

CaseInputs read_case_inputs(const CaseFolder& folder, const CaseSpec& spec) {
  const Tensor& ids_tensor = require_input(folder, spec, "input_ids");
  const int64_t tokens = ids_tensor.elements();
  if (ids_tensor.shape.size() < 2 || tokens == 0 || tokens > kMaxTokens) {
    fail(ErrorCode::kInvalidFile, "{}: input_ids of case {} is {}, want [rows,columns]", ids_tensor.source,
         spec.name, ids_tensor.shape_text());
  }
  const auto ids = ids_tensor.to_ints();
  const auto mask = read_optional(find_input(folder, spec, "attention_mask"), ids_tensor, "attention_mask");
  const auto types = read_optional(find_input(folder, spec, "token_type_ids"), ids_tensor, "token_type_ids");
  CaseInputs inputs;
  inputs.columns = ids_tensor.shape.back();
  inputs.sequences = tokens / inputs.columns;
  inputs.row_of.assign(static_cast<size_t>(tokens), -1);
  const auto row_of_array = [&](const std::vector<int32_t>& values, int64_t b) {
    return values.empty() ? std::span<const int32_t>()
                          : std::span(values).subspan(b * inputs.columns, inputs.columns);
  };
  for (int64_t b = 0; b < inputs.sequences; ++b) {
    const auto real = mask.empty() ? std::pair<int64_t, int64_t>(0, inputs.columns)
                                   : real_columns(row_of_array(mask, b), b, ids_tensor.source);
    add_sequence(inputs, b, real, row_of_array(ids, b), row_of_array(types, b));
  }
  return inputs;
}

std::vector<int64_t> packed_rows(const CaseInputs& inputs, const Tensor& pairs) {
  if (pairs.shape.size() != 2 || pairs.shape[1] != 2) {
    fail(ErrorCode::kInvalidFile, "{}: rows are {}, want [R,2]", pairs.source, pairs.shape_text());
  }
  const auto values = pairs.to_ints();
  std::vector<int64_t> rows;
  for (size_t i = 0; i < values.size(); i += 2) {
    const int64_t sequence = values[i];
    const int64_t column = values[i + 1];
    const bool inside =
        sequence >= 0 && sequence < inputs.sequences && column >= 0 && column < inputs.columns;
    const int32_t row = inside ? inputs.row_of[sequence * inputs.columns + column] : -1;
    if (row < 0) {
      fail(ErrorCode::kInvalidFile, "{}: ({},{}) is not a real token of the case", pairs.source, sequence,
           column);
    }
    rows.push_back(row);
  }
  return rows;
}

std::vector<int32_t> packed_values(const CaseInputs& inputs, const Tensor& padded) {
  if (padded.elements() != inputs.sequences * inputs.columns) {
    fail(ErrorCode::kInvalidFile, "{}: an array is {}, want [{},{}]", padded.source, padded.shape_text(),
         inputs.sequences, inputs.columns);
  }
  const auto values = padded.to_ints();
  std::vector<int32_t> packed(static_cast<size_t>(inputs.batch.tokens()));
  for (size_t i = 0; i < values.size(); ++i) {
    if (inputs.row_of[i] >= 0) packed[inputs.row_of[i]] = values[i];
  }
  return packed;
}

Matrix copy_matrix(MatView<const float> x) {
  Matrix out(x.rows, x.cols);
  for (int64_t i = 0; i < x.rows; ++i) std::ranges::copy(x.row(i), out.row(i).begin());
  return out;
}

Matrix gather_rows(MatView<const float> x, std::span<const int64_t> rows) {
  Matrix out(static_cast<int64_t>(rows.size()), x.cols);
  for (size_t i = 0; i < rows.size(); ++i) std::ranges::copy(x.row(rows[i]), out.row(i).begin());
  return out;
}

}  // namespace modernbert
