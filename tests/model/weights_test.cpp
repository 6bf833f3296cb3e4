// Checkpoint folders: one file, shards, and what is wrong with others.
#include "model/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/json.h"
#include "error_text.h"
#include "safetensors_bytes.h"
#include "temporary_folder.h"

namespace modernbert {
namespace {

using ::testing::HasSubstr;
using testing::raw_bytes;
using testing::safetensors_bytes;
using testing::thrown_by;

// A file with one F32 tensor [2].
std::string file_with(const std::string& name, float first, float second) {
  const Json header = {{name, {{"dtype", "F32"}, {"shape", {2}}, {"data_offsets", {0, 8}}}}};
  return safetensors_bytes(header.dump(), raw_bytes<float>({first, second}));
}

class CheckpointFolder : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& bytes) const {
    testing::write_bytes(folder() / name, bytes);
  }
  void write_index(const Json& map) const {
    write("model.safetensors.index.json", Json{{"weight_map", map}}.dump());
  }
  testing::Thrown error() const {
    return thrown_by([&] { Weights::open(folder()); });
  }
  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(CheckpointFolder, WithOneFile) {
  write("model.safetensors", file_with("a", 1, 2));
  const Weights weights = Weights::open(folder());
  EXPECT_EQ(weights.require("a", {2}).to_floats(), (std::vector<float>{1, 2}));
  EXPECT_EQ(weights.find("b"), nullptr);
  EXPECT_THAT(weights.source(), HasSubstr("model.safetensors"));
}

TEST_F(CheckpointFolder, CopiesOutliveTheirOrigin) {
  write("model.safetensors", file_with("a", 1, 2));
  Weights copy;
  {
    const Weights weights = Weights::open(folder());
    copy = weights;
  }
  EXPECT_EQ(copy.require("a", {2}).to_floats(), (std::vector<float>{1, 2}));
}

TEST_F(CheckpointFolder, WithShards) {
  write("one.safetensors", file_with("a", 1, 2));
  write("two.safetensors", file_with("b", 3, 4));
  write_index({{"a", "one.safetensors"}, {"b", "two.safetensors"}});
  const Weights weights = Weights::open(folder());
  EXPECT_EQ(weights.tensors().size(), 2u);
  EXPECT_EQ(weights.require("b", {2}).to_floats(), (std::vector<float>{3, 4}));
  EXPECT_THAT(weights.source(), HasSubstr("index.json"));
  EXPECT_THAT(weights.require("b", {2}).source, HasSubstr("two.safetensors"));
}

TEST_F(CheckpointFolder, PrefersTheWholeFileToShards) {
  write("model.safetensors", file_with("a", 5, 6));
  write_index({{"a", "gone.safetensors"}});
  EXPECT_EQ(Weights::open(folder()).require("a", {2}).to_floats(), (std::vector<float>{5, 6}));
}

TEST_F(CheckpointFolder, NamesAMissingShard) {
  write("one.safetensors", file_with("a", 1, 2));
  write_index({{"a", "one.safetensors"}, {"b", "two.safetensors"}});
  EXPECT_EQ(error().code, ErrorCode::kNotFound);
  EXPECT_THAT(error().message, HasSubstr("two.safetensors"));
}

TEST_F(CheckpointFolder, NamesATensorThatTheIndexPromisesInVain) {
  write("one.safetensors", file_with("a", 1, 2));
  write_index({{"a", "one.safetensors"}, {"b", "one.safetensors"}});
  EXPECT_EQ(error().code, ErrorCode::kNotFound);
  EXPECT_THAT(error().message, HasSubstr("one.safetensors: no tensor b"));
}

TEST_F(CheckpointFolder, ShardsAreFilesOfTheFolderOnly) {
  for (const Json& shard : {Json("../one.safetensors"), Json("/etc/passwd"), Json("sub/one.safetensors"),
                            Json(".."), Json(""), Json(7)}) {
    write_index({{"a", shard}});
    EXPECT_EQ(error().code, ErrorCode::kInvalidFile) << shard;
    EXPECT_THAT(error().message, HasSubstr("want a file name"));
  }
}

TEST_F(CheckpointFolder, RejectsAnIndexThatIsNone) {
  for (const char* text : {"{}", "[]", "{\"weight_map\": 3}", "{\"weight_map\"", ""}) {
    write("model.safetensors.index.json", text);
    EXPECT_EQ(error().code, ErrorCode::kInvalidFile) << text;
  }
}

TEST_F(CheckpointFolder, PassesOnWhatIsWrongWithAShard) {
  write("one.safetensors", file_with("a", 1, 2).substr(0, 40));
  write_index({{"a", "one.safetensors"}});
  EXPECT_EQ(error().code, ErrorCode::kInvalidFile);
  const Json overlapping = {{"a", {{"dtype", "F32"}, {"shape", {1}}, {"data_offsets", {0, 4}}}},
                            {"b", {{"dtype", "F32"}, {"shape", {1}}, {"data_offsets", {2, 6}}}}};
  write("one.safetensors", safetensors_bytes(overlapping.dump(), std::string(8, 'x')));
  EXPECT_THAT(error().message, HasSubstr("overlap"));
}

TEST_F(CheckpointFolder, SaysHowToConvertPickledWeights) {
  write("pytorch_model.bin", "PK");
  EXPECT_EQ(error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(error().message, HasSubstr("convert with transformers"));
  EXPECT_THAT(error().message, HasSubstr("save_pretrained"));
}

TEST_F(CheckpointFolder, SaysWhatItLooksFor) {
  EXPECT_EQ(error().code, ErrorCode::kNotFound);
  EXPECT_THAT(error().message, HasSubstr("no model.safetensors"));
  EXPECT_EQ(thrown_by([&] { Weights::open(folder() / "nowhere"); }).code, ErrorCode::kNotFound);
}

TEST_F(CheckpointFolder, RequiresNameShapeAndAFloatingType) {
  const Json header = {{"w", {{"dtype", "BF16"}, {"shape", {2, 1}}, {"data_offsets", {0, 4}}}},
                       {"i", {{"dtype", "I32"}, {"shape", {1}}, {"data_offsets", {4, 8}}}}};
  write("model.safetensors", safetensors_bytes(header.dump(), raw_bytes<uint16_t>({0x3F80, 0xC000, 0, 0})));
  const Weights weights = Weights::open(folder());
  EXPECT_EQ(weights.require("w", {2, 1}).to_floats(), (std::vector<float>{1, -2}));
  const auto shape = thrown_by([&] { weights.require("w", {1, 2}); });
  EXPECT_EQ(shape.code, ErrorCode::kInvalidFile);
  EXPECT_THAT(shape.message, HasSubstr("model.safetensors: w is [2,1], want [1,2]"));
  EXPECT_EQ(thrown_by([&] { weights.require("w", {2}); }).code, ErrorCode::kInvalidFile);
  const auto type = thrown_by([&] { weights.require("i", {1}); });
  EXPECT_EQ(type.code, ErrorCode::kInvalidFile);
  EXPECT_THAT(type.message, HasSubstr("i is I32, want F64, F32, F16 or BF16"));
  const auto name = thrown_by([&] { weights.require("v", {1}); });
  EXPECT_EQ(name.code, ErrorCode::kNotFound);
  EXPECT_THAT(name.message, HasSubstr("no tensor v"));
}

}  // namespace
}  // namespace modernbert
