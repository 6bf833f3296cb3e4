#include "tensor/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "error_text.h"
#include "safetensors_bytes.h"
#include "temporary_folder.h"

namespace modernbert {
namespace {

using ::testing::HasSubstr;
using testing::raw_bytes;
using testing::safetensors_bytes;
using testing::thrown_by;

TensorMap parse(const std::string& bytes) {
  return parse_safetensors(std::as_bytes(std::span(bytes)), "f.safetensors");
}

// The message for a file with this header and eight bytes of data.
std::string rejection(const std::string& header) {
  const auto thrown = thrown_by([&] { parse(safetensors_bytes(header, std::string(8, 'x'))); });
  EXPECT_EQ(thrown.code, ErrorCode::kInvalidFile);
  EXPECT_THAT(thrown.message, HasSubstr("f.safetensors"));
  return thrown.message;
}

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"w":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

TEST(Safetensors, GiveTheirTensors) {
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12]},)"
      R"("n":{"dtype":"I32","shape":[],"data_offsets":[0,4]},"none":{"dtype":"F16","shape":[0,7],"data_offsets":[4,4]}})";
  const std::string bytes =
      safetensors_bytes(header, raw_bytes<int32_t>({-5}) + raw_bytes<float>({1.5f, -2.0f}));
  const TensorMap tensors = parse(bytes);
  ASSERT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors.at("a").to_floats(), (std::vector<float>{1.5f, -2.0f}));
  EXPECT_EQ(tensors.at("a").shape_text(), "[2,1]");
  EXPECT_EQ(tensors.at("a").source, "f.safetensors");
  EXPECT_EQ(tensors.at("n").to_ints(), (std::vector<int32_t>{-5}));
  EXPECT_EQ(tensors.at("none").elements(), 0);
}

TEST(Safetensors, TruncatedAnywhereAreErrors) {
  const std::string bytes = safetensors_bytes(entry("F32", "[2]", "[0,8]"), raw_bytes<float>({1, 2}));
  ASSERT_NO_THROW(parse(bytes));
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(parse(bytes.substr(0, size)), Error) << size;
  }
}

TEST(Safetensors, LyingHeaderLengthsAreErrors) {
  for (const uint64_t length : {uint64_t{3}, uint64_t{1} << 40, UINT64_MAX}) {
    std::string bytes = safetensors_bytes(entry("F32", "[2]", "[0,8]"), std::string(8, 'x'));
    std::memcpy(bytes.data(), &length, sizeof length);
    EXPECT_THROW(parse(bytes), Error) << length;
  }
}

TEST(Safetensors, OffsetsMustLieInTheDataAndFitTheShape) {
  EXPECT_THAT(rejection(entry("F32", "[2]", "[0,16]")), HasSubstr("[0,16], want a range inside the 8 bytes"));
  EXPECT_THAT(rejection(entry("F32", "[2]", "[8,0]")), HasSubstr("data_offsets is [8,0]"));
  EXPECT_THAT(rejection(entry("F32", "[1]", "[0,8]")), HasSubstr("8 bytes of data, want 4 for F32 [1]"));
  EXPECT_THAT(rejection(entry("F64", "[2]", "[0,8]")), HasSubstr("want 16"));
  EXPECT_THAT(rejection(entry("F32", "[2]", "[-8,0]")), HasSubstr("data_offsets"));
  EXPECT_THAT(rejection(entry("F32", "[2]", "[0,8,8]")), HasSubstr("data_offsets"));
  EXPECT_THAT(rejection(entry("F32", "[2]", "[0,18446744073709551616]")), HasSubstr("data_offsets"));
}

TEST(Safetensors, ShapesMustBeListsOfSizesThatDoNotOverflow) {
  EXPECT_THAT(rejection(entry("F32", "[-2]", "[0,8]")), HasSubstr("shape is [-2]"));
  EXPECT_THAT(rejection(entry("F32", "[2.0]", "[0,8]")), HasSubstr("shape"));
  EXPECT_THAT(rejection(entry("F32", "2", "[0,8]")), HasSubstr("shape"));
  EXPECT_THAT(rejection(entry("F32", "[1,1,1,1,1,1,1,1,2]", "[0,8]")), HasSubstr("at most 8 sizes"));
  EXPECT_THAT(rejection(entry("F32", "[4294967296,4294967296]", "[0,0]")), HasSubstr("too many elements"));
  // 2^64 elements in several factors would wrap to 0.
  EXPECT_THAT(rejection(entry("U8", "[65536,65536,65536,65536]", "[0,0]")), HasSubstr("too many elements"));
  EXPECT_THAT(rejection(entry("F32", "[9223372036854775807]", "[0,8]")), HasSubstr("shape"));
}

TEST(Safetensors, OverlapsAreErrors) {
  const std::string header = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                             R"("b":{"dtype":"F32","shape":[1],"data_offsets":[3,7]}})";
  EXPECT_THAT(rejection(header), HasSubstr("a and b overlap"));
}

TEST(Safetensors, NamesThatAppearTwiceAreErrors) {
  const std::string one = R"("w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  EXPECT_THAT(rejection("{" + one + "," + one + "}"), HasSubstr("\"w\" appears twice"));
  EXPECT_THAT(rejection(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"dtype":"I32"}})"),
              HasSubstr("appears twice"));
}

TEST(Safetensors, EntriesMustBeComplete) {
  EXPECT_THAT(rejection(entry("F8", "[8]", "[0,8]")), HasSubstr("dtype is \"F8\", want F64"));
  EXPECT_THAT(rejection(R"({"w":{"shape":[2],"data_offsets":[0,8]}})"), HasSubstr("dtype is missing"));
  EXPECT_THAT(rejection(R"({"w":{"dtype":"F32","data_offsets":[0,8]}})"), HasSubstr("shape is missing"));
  EXPECT_THAT(rejection(R"({"w":{"dtype":"F32","shape":[2]}})"), HasSubstr("data_offsets is missing"));
  rejection(R"({"w":7})");
  rejection("[]");
  rejection("{");
}

TEST(Tensor, ConvertsOnlyBetweenLikeTypes) {
  const std::string header = R"({"f":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                             R"("i":{"dtype":"I64","shape":[1],"data_offsets":[4,12]}})";
  const std::string bytes =
      safetensors_bytes(header, raw_bytes<float>({1}) + raw_bytes<int64_t>({1LL << 40}));
  const TensorMap tensors = parse(bytes);
  EXPECT_THROW(tensors.at("i").to_floats(), Error);
  EXPECT_THROW(tensors.at("f").to_ints(), Error);
  EXPECT_THAT(thrown_by([&] { tensors.at("i").to_ints(); }).message, HasSubstr("1099511627776 does not fit"));
}

TEST(SafetensorsFile, NamesAFileOrTensorThatIsNotThere) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(thrown_by([&] { SafetensorsFile::open(folder.path() / "none"); }).code, ErrorCode::kNotFound);
  const auto path = folder.path() / "w.safetensors";
  testing::write_bytes(path, safetensors_bytes(entry("F32", "[2]", "[0,8]"), raw_bytes<float>({3, 4})));
  const SafetensorsFile file = SafetensorsFile::open(path);
  EXPECT_EQ(file.require("w").to_floats(), (std::vector<float>{3, 4}));
  const auto thrown = thrown_by([&] { file.require("v"); });
  EXPECT_EQ(thrown.code, ErrorCode::kNotFound);
  EXPECT_THAT(thrown.message, HasSubstr("w.safetensors: no tensor v"));
  testing::write_bytes(path, "");
  EXPECT_THROW(SafetensorsFile::open(path), Error);
}

}  // namespace
}  // namespace modernbert
