#include "tensor/safetensors_writer.h"

#include <gtest/gtest.h>

#include "core/crc32c.h"
#include "error_text.h"
#include "temporary_folder.h"
#include "tensor/safetensors.h"

namespace modernbert::testing {
namespace {

TEST(SafetensorsWriter, ReadsBackInBothTypes) {
  const TemporaryFolder folder;
  const std::vector<float> a = {1, -2.5, 3e20F}, b(600'000, 0.1F);
  const std::vector<TensorToWrite> tensors = {
      {"a", {3}, a}, {"b.weight", {600, 1000}, b}, {"none", {0, 4}, {}}};
  for (const DType dtype : {DType::kF32, DType::kBF16}) {
    const auto path = folder.path() / "x.safetensors";
    const WrittenFile written = write_safetensors(path, tensors, dtype);
    const auto file = SafetensorsFile::open(path);
    EXPECT_EQ(file.tensors().size(), 3u);
    EXPECT_EQ(file.require("b.weight").shape, (std::vector<int64_t>{600, 1000}));
    const auto values = file.require("b.weight").to_floats();
    EXPECT_EQ(values.back(), dtype == DType::kF32 ? 0.1F : to_float(to_bf16(0.1F)));
    EXPECT_EQ(file.require("a").to_floats()[1], -2.5F);
    const auto bytes = MappedFile::open(path);
    EXPECT_EQ(written.bytes, bytes.bytes().size());
    EXPECT_EQ(written.crc, crc32c(bytes.bytes()));
  }
}

TEST(SafetensorsWriter, NamesAFileThatCannotBeWritten) {
  const Thrown thrown = thrown_by([] { write_safetensors("/nonexistent/x.safetensors", {}, DType::kF32); });
  EXPECT_EQ(thrown.code, ErrorCode::kIo);
  EXPECT_NE(thrown.message.find("/nonexistent/x.safetensors"), std::string::npos);
}

}  // namespace
}  // namespace modernbert::testing
