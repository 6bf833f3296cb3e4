#include "ops/attention/rope.h"

#include "core/json.h"
#include "ops/op_test.h"
#include "shared_files.h"
#include "tensor/safetensors.h"

namespace modernbert {
namespace {

using testing::expect_close;
using testing::for_each_target;
using testing::normal_values;

TEST(Rope, RotatesHalvesByTheAngle) {
  const std::vector<float> x = {1, 2, 3, 4}, cos = {0, 1}, sin = {1, 0};
  std::vector<float> y(4);
  rope_rotate(x, cos, sin, 2.0f, y);
  EXPECT_EQ(y, (std::vector<float>{-6, 4, 2, 8}));
}

TEST(Rope, MatchesReferenceForEveryHeadSize) {
  for_each_target([] {
    for (size_t dim = 2; dim <= 130; dim += 2) {
      const auto x = normal_values(dim, 1);
      const RopeTable table = make_rope_table(static_cast<int64_t>(dim), 10000, 40);
      const std::span cos = std::span(table.cos).subspan(39 * dim / 2, dim / 2);
      const std::span sin = std::span(table.sin).subspan(39 * dim / 2, dim / 2);
      std::vector<float> y(dim), want(dim);
      rope_rotate(x, cos, sin, 0.7f, y);
      ref::rope_rotate(x, cos, sin, 0.7f, want);
      expect_close(y, want, 1e-6, 1e-6, "dim " + std::to_string(dim));
    }
  });
}

TEST(Rope, AliasedOutputIsTheSame) {
  auto x = normal_values(64, 2);
  const RopeTable table = make_rope_table(64, 160000, 8);
  std::vector<float> y(64);
  const std::span cos = std::span(table.cos).subspan(7 * 32, 32),
                  sin = std::span(table.sin).subspan(7 * 32, 32);
  rope_rotate(x, cos, sin, 1.0f, y);
  rope_rotate(x, cos, sin, 1.0f, x);
  EXPECT_EQ(x, y);
}

// Float32 angles: the reference's own steps, so its tables must come out within rounding of one result.
TEST(RopeTable, AgreesWithTheReferenceTables) {
  const auto folder = testing::shared_dir() / "reference" / "tables";
  MB_SKIP_UNLESS_EXISTS(folder);
  const auto file = SafetensorsFile::open(folder / "cases.safetensors");
  const Json cases = read_json_file(folder / "cases.json");
  for (const Json& one : cases.at("cases")) {
    const auto name = one.at("name").get<std::string>();
    if (!name.starts_with("rope_")) continue;
    const auto dim = one.at("head_dim").get<int64_t>();
    const auto theta = one.at("theta").get<double>();
    expect_close(rope_inverse_frequencies(dim, theta),
                 file.require(one.at("inv_freq").get<std::string>()).to_floats(), 0, 6e-8, name);
    const RopeTable table = make_rope_table(dim, theta, 8192);
    std::vector<float> cos;
    for (const auto& position : one.at("positions")) {
      const auto begin = position.get<size_t>() * static_cast<size_t>(dim / 2);
      cos.insert(cos.end(), table.cos.begin() + static_cast<int64_t>(begin),
                 table.cos.begin() + static_cast<int64_t>(begin) + dim / 2);
    }
    const auto want = file.require(one.at("cos").get<std::string>());
    const auto values = want.to_floats();
    std::vector<float> first_halves;
    const auto width = static_cast<size_t>(want.shape.back());
    for (size_t r = 0; r < values.size() / width; ++r) {
      first_halves.insert(first_halves.end(), values.begin() + static_cast<int64_t>(r * width),
                          values.begin() + static_cast<int64_t>(r * width) + dim / 2);
    }
    // One unit in the last place of inv_freq moves the angle at 8191 by up to 5e-4 of a turn's slope; equal
    // recipes differ in at most a few frequencies, by one rounding of the angle.
    expect_close(cos, first_halves, 5e-4, 0, name);
  }
}

}  // namespace
}  // namespace modernbert
