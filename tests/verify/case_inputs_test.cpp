#include "verify/case_inputs.h"

#include <gtest/gtest.h>

#include "modernbert/error.h"

namespace modernbert {
namespace {

// A case whose arrays are I32 tensors in memory.
class CaseArrays {
 public:
  void add(const std::string& role, std::vector<int64_t> shape, std::vector<int32_t> values) {
    buffers_.push_back(std::make_unique<std::vector<int32_t>>(std::move(values)));
    const auto* data = reinterpret_cast<const std::byte*>(buffers_.back()->data());
    folder.tensors[role] = Tensor{"memory", DType::kI32, std::move(shape), data};
    spec.inputs[role] = role;
  }
  CaseInputs read() const { return read_case_inputs(folder, spec); }

  CaseFolder folder;
  CaseSpec spec;

 private:
  std::vector<std::unique_ptr<std::vector<int32_t>>> buffers_;
};

TEST(CaseInputs, PackRealTokensWithTheirColumnsAsPositions) {
  CaseArrays arrays;
  arrays.add("input_ids", {2, 4}, {9, 9, 5, 6, 7, 8, 9, 9});
  arrays.add("attention_mask", {2, 4}, {0, 0, 1, 1, 1, 1, 0, 0});
  arrays.add("token_type_ids", {2, 4}, {0, 0, 0, 1, 1, 0, 1, 1});
  const CaseInputs inputs = arrays.read();
  EXPECT_EQ(inputs.batch.ids, (std::vector<int32_t>{5, 6, 7, 8}));
  EXPECT_EQ(inputs.batch.positions, (std::vector<int32_t>{2, 3, 0, 1}));
  EXPECT_EQ(inputs.batch.type_ids, (std::vector<int32_t>{0, 1, 1, 0}));
  EXPECT_EQ(inputs.batch.cu_seqlens, (std::vector<int32_t>{0, 2, 4}));
  EXPECT_EQ(inputs.row_of, (std::vector<int32_t>{-1, -1, 0, 1, 2, 3, -1, -1}));
}

TEST(CaseInputs, NothingIsPaddingWithoutAMask) {
  CaseArrays arrays;
  arrays.add("input_ids", {1, 2, 3}, {1, 2, 3, 4, 5, 6});  // [batch, choices, columns]
  const CaseInputs inputs = arrays.read();
  EXPECT_EQ(inputs.sequences, 2);
  EXPECT_EQ(inputs.columns, 3);
  EXPECT_EQ(inputs.batch.ids, (std::vector<int32_t>{1, 2, 3, 4, 5, 6}));
}

TEST(CaseInputs, RejectMasksThatHaveNoPackedForm) {
  for (const std::vector<int32_t>& mask : {std::vector{1, 0, 1}, {0, 0, 0}, {2, 1, 1}}) {
    CaseArrays arrays;
    arrays.add("input_ids", {1, 3}, {1, 2, 3});
    arrays.add("attention_mask", {1, 3}, mask);
    EXPECT_THROW(arrays.read(), Error);
  }
}

TEST(CaseInputs, RejectArraysOfAnotherShape) {
  CaseArrays arrays;
  arrays.add("input_ids", {1, 3}, {1, 2, 3});
  arrays.add("attention_mask", {3, 1}, {1, 1, 1});
  EXPECT_THROW(arrays.read(), Error);
  CaseArrays flat;
  flat.add("input_ids", {3}, {1, 2, 3});
  EXPECT_THROW(flat.read(), Error);
  EXPECT_THROW(CaseArrays().read(), Error);
}

TEST(PackedRows, FindRealTokensOnly) {
  CaseArrays arrays;
  arrays.add("input_ids", {2, 3}, {1, 2, 3, 4, 5, 6});
  arrays.add("attention_mask", {2, 3}, {1, 1, 0, 0, 1, 1});
  arrays.add("rows", {2, 2}, {1, 2, 0, 0});
  arrays.add("padding", {1, 2}, {0, 2});
  arrays.add("outside", {1, 2}, {2, 0});
  arrays.add("negative", {1, 2}, {0, -1});
  const CaseInputs inputs = arrays.read();
  EXPECT_EQ(packed_rows(inputs, arrays.folder.tensors.at("rows")), (std::vector<int64_t>{3, 0}));
  for (const char* bad : {"padding", "outside", "negative", "input_ids"}) {
    EXPECT_THROW(packed_rows(inputs, arrays.folder.tensors.at(bad)), Error) << bad;
  }
  EXPECT_EQ(packed_values(inputs, arrays.folder.tensors.at("input_ids")), (std::vector<int32_t>{1, 2, 5, 6}));
}

}  // namespace
}  // namespace modernbert
