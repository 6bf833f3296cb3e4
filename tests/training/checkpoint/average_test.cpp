#include "training/checkpoint/average.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/json.h"
#include "error_text.h"
#include "safetensors_bytes.h"
#include "temporary_folder.h"
#include "tensor/safetensors.h"
#include "tensor/safetensors_writer.h"

namespace modernbert::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

fs::path checkpoint(const TemporaryFolder& folder, const std::string& name, const std::vector<float>& values,
                    const std::string& tensor = "w") {
  const fs::path path = folder.path() / name;
  fs::create_directories(path);
  write_bytes(path / "config.json", "{\"from\": \"" + name + "\"}");
  const TensorToWrite one{tensor, {static_cast<int64_t>(values.size())}, values};
  write_safetensors(path / "model.safetensors", std::span(&one, 1), DType::kF32);
  return path;
}

TEST(Average, IsTheMeanOfEveryElement) {
  const TemporaryFolder folder;
  const std::vector<fs::path> all = {checkpoint(folder, "a", {1, 2}), checkpoint(folder, "b", {3, 5}),
                                     checkpoint(folder, "c", {5, 5})};
  average_checkpoints(all, folder.path() / "mean", DType::kF32);
  EXPECT_THAT(SafetensorsFile::open(folder.path() / "mean" / "model.safetensors").require("w").to_floats(),
              ElementsAre(3, 4));
  const Json config = read_json_file(folder.path() / "mean" / "config.json");
  EXPECT_EQ(config["from"], "c");
  EXPECT_EQ(config["dtype"], "float32");
}

TEST(Average, SaysInWhichTypeItStores) {
  const TemporaryFolder folder;
  const std::vector<fs::path> all = {checkpoint(folder, "a", {1, 2}), checkpoint(folder, "b", {3, 5})};
  average_checkpoints(all, folder.path() / "mean", DType::kBF16);
  EXPECT_EQ(read_json_file(folder.path() / "mean" / "config.json")["dtype"], "bfloat16");
  EXPECT_EQ(SafetensorsFile::open(folder.path() / "mean" / "model.safetensors").require("w").dtype,
            DType::kBF16);
}

TEST(Average, NamesWhatDiffersAndLeavesNothing) {
  const TemporaryFolder folder;
  const auto a = checkpoint(folder, "a", {1, 2}), b = checkpoint(folder, "b", {1, 2, 3}),
             c = checkpoint(folder, "c", {1}, "v");
  const auto error = [&](const std::vector<fs::path>& all) {
    return thrown_by([&] { average_checkpoints(all, folder.path() / "mean", DType::kF32); }).message;
  };
  EXPECT_THAT(error({a, b}), HasSubstr("w is [3], want [2]"));
  EXPECT_THAT(error({a, c}), HasSubstr("has tensor v"));
  EXPECT_THAT(error({a}), HasSubstr("want at least 2"));
  EXPECT_FALSE(fs::exists(folder.path() / "mean"));
  EXPECT_FALSE(fs::exists(folder.path() / "mean.unfinished"));
}

}  // namespace
}  // namespace modernbert::testing
