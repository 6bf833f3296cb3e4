#include "ops/rowwise/activations.h"

#include "core/json.h"
#include "modernbert/error.h"
#include "ops/all_activations.h"
#include "ops/op_test.h"
#include "shared_files.h"
#include "tensor/safetensors.h"

namespace modernbert {
namespace {

using testing::expect_close;
using testing::for_each_target;
using testing::normal_values;

using testing::kAllActivations;

// The approximations are good to a few units of 2^-22 absolutely, or of the value for large inputs.
TEST(Activation, MatchesReferenceOverTheWholeRange) {
  std::vector<float> x;
  for (int i = -4000; i <= 4000; ++i) x.push_back(static_cast<float>(i) * 0.005f);
  for (const float extreme : {-1e30f, -100.0f, 100.0f, 1e30f, 0.0f, -0.0f, 1e-30f}) x.push_back(extreme);
  for_each_target([&] {
    for (const ActivationFunction& activation : kAllActivations) {
      std::vector<float> y(x.size()), want(x.size());
      apply_activation(activation, x, y);
      ref::apply_activation(activation, x, want);
      expect_close(y, want, 5e-7, 5e-7, std::string(to_string(activation.kind)));
    }
  });
}

TEST(Activation, PropagatesNan) {
  for_each_target([] {
    for (const Activation activation :
         {Activation::kGelu, Activation::kSilu, Activation::kRelu, Activation::kTanh}) {
      std::vector<float> x(21, NAN);
      apply_activation(activation, x, x);
      for (const float value : x) EXPECT_TRUE(std::isnan(value)) << to_string(activation);
    }
  });
}

// A row's element must not depend on where in the row it stands: the tail uses the same arithmetic.
TEST(Activation, TailHasTheBitsOfTheBody) {
  const auto x = normal_values(64, 7);
  for_each_target([&] {
    std::vector<float> whole(64);
    apply_activation(Activation::kGelu, x, whole);
    for (size_t i = 0; i < x.size(); ++i) {
      float alone = 0;
      apply_activation(Activation::kGelu, {&x[i], 1}, {&alone, 1});
      EXPECT_EQ(alone, whole[i]);
    }
  });
}

TEST(GatedActivation, MultipliesTheActivatedFirstHalf) {
  for_each_target([] {
    for (const int64_t width : {1, 7, 16, 31, 64}) {
      const auto size = static_cast<size_t>(3 * width);
      const auto u = normal_values(size, 8), g = normal_values(size, 9);
      std::vector<float> y(size), want(size);
      gated_activation(Activation::kGelu, MatView<const float>(u.data(), 3, width), {g.data(), 3, width},
                       MatView<float>(y.data(), 3, width));
      ref::gated_activation(Activation::kGelu, u, g, want);
      expect_close(y, want, 1e-6, 1e-6, "width " + std::to_string(width));
    }
  });
}

// Results in bf16 are those in fp32, rounded; also of activations without a vector version, and between
// guard columns. GeGLU is another matter, see below.
TEST(Activation, RoundsToBf16) {
  for_each_target([] {
    for (const Activation activation : {Activation::kGeluTanh, Activation::kSilu, Activation::kElu}) {
      for (const int64_t width : {1, 7, 16, 33}) {
        const auto x = normal_values(static_cast<size_t>(2 * width), 3);
        std::vector<float> floats(x.size());
        std::vector<Bf16> halves(static_cast<size_t>(2 * (width + 1)), Bf16{0x1234});
        const MatView<const float> view(x.data(), 2, width);
        gated_activation(activation, view, view, MatView<float>(floats.data(), 2, width));
        gated_activation(activation, view, view, MatView<Bf16>(halves.data(), 2, width, width + 1));
        for (int64_t r = 0; r < 2; ++r) {
          for (int64_t c = 0; c < width; ++c) {
            EXPECT_EQ(halves[static_cast<size_t>(r * (width + 1) + c)].bits,
                      to_bf16(floats[static_cast<size_t>(r * width + c)]).bits);
          }
          EXPECT_EQ(halves[static_cast<size_t>(r * (width + 1) + width)].bits, 0x1234);
        }
      }
    }
  });
}

// What the formula may lack comes on top of what rounding costs, and is a twentieth of it.
TEST(GatedGelu, IsRightInBf16) {
  std::vector<float> u, g;
  for (int i = -4000; i <= 4000; ++i) {
    u.push_back(static_cast<float>(i) * 0.005f);
    g.push_back(static_cast<float>(1 + std::abs(i) % 7) * (i % 2 == 0 ? 0.3f : -1.7f));
  }
  const auto width = static_cast<int64_t>(u.size());
  for_each_target([&] {
    std::vector<Bf16> y(u.size());
    gated_activation(Activation::kGelu, MatView<const float>(u.data(), 1, width), {g.data(), 1, width},
                     MatView<Bf16>(y.data(), 1, width));
    for (size_t i = 0; i < u.size(); ++i) {
      const double want = ref::activation(Activation::kGelu, u[i]) * g[i];
      const double error = std::abs(static_cast<double>(to_float(y[i])) - want);
      EXPECT_LE(error, (0x1p-8 + 2e-4) * std::abs(want) + 2e-17) << u[i] << " times " << g[i];
    }
  });
}

// At any place in rows of any length, between guard columns.
TEST(GatedGelu, BitsInBf16AreThoseOfAnElementAlone) {
  const auto u = normal_values(67, 5), g = normal_values(67, 6);
  for_each_target([&] {
    for (const int64_t width : {1, 15, 16, 31, 32, 33, 64, 67}) {
      std::vector<Bf16> row(static_cast<size_t>(width + 1), Bf16{0x1234});
      gated_activation(Activation::kGelu, MatView<const float>(u.data(), 1, width), {g.data(), 1, width},
                       MatView<Bf16>(row.data(), 1, width));
      for (int64_t i = 0; i < width; ++i) {
        Bf16 alone{};
        gated_activation(Activation::kGelu, MatView<const float>(&u[static_cast<size_t>(i)], 1, 1),
                         {&g[static_cast<size_t>(i)], 1, 1}, MatView<Bf16>(&alone, 1, 1));
        EXPECT_EQ(row[static_cast<size_t>(i)].bits, alone.bits) << i << " of " << width;
      }
      EXPECT_EQ(row.back().bits, 0x1234);
    }
  });
}

TEST(GatedGelu, PropagatesNanInBf16) {
  for_each_target([] {
    const float nan = NAN, one = 1;
    Bf16 y{};
    gated_activation(Activation::kGelu, MatView<const float>(&nan, 1, 1), {&one, 1, 1},
                     MatView<Bf16>(&y, 1, 1));
    EXPECT_TRUE(std::isnan(to_float(y)));
    gated_activation(Activation::kGelu, MatView<const float>(&one, 1, 1), {&nan, 1, 1},
                     MatView<Bf16>(&y, 1, 1));
    EXPECT_TRUE(std::isnan(to_float(y)));
  });
}

TEST(Activation, AgreesWithTheReferenceTables) {
  const auto folder = testing::shared_dir() / "reference" / "tables";
  MB_SKIP_UNLESS_EXISTS(folder);
  const auto file = SafetensorsFile::open(folder / "cases.safetensors");
  const Json cases = read_json_file(folder / "cases.json");
  int checked = 0;
  for (const Json& one : cases.at("cases")) {
    const auto name = one.at("name").get<std::string>();
    if (!name.starts_with("activation_")) continue;
    Activation activation;
    try {
      activation = parse_activation(name.substr(11), "name");
    } catch (const Error&) {
      continue;  // an activation of a later layer
    }
    const auto x = file.require(one.at("x").get<std::string>()).to_floats();
    const auto want = file.require(one.at("y").get<std::string>()).to_floats();
    std::vector<float> y(x.size());
    apply_activation(activation, x, y);
    expect_close(y, want, 2e-6, 2e-6, name);
    ++checked;
  }
  EXPECT_GE(checked, 5);
}

// Values of torch.nn.functional's functions.
TEST(Activations, RareOnesAreTorchs) {
  const std::tuple<Activation, double, double> points[] = {
      {Activation::kRrelu, -2, -0.4583333333333333},
      {Activation::kSoftsign, -3, -0.75},
      {Activation::kSoftshrink, -0.75, -0.25},
      {Activation::kHardshrink, 0.4, 0},
      {Activation::kHardshrink, -0.6, -0.6},
      {Activation::kHardtanh, -1.5, -1},
      {Activation::kHardsigmoid, 1.5, 0.75},
      {Activation::kHardswish, -1, -0.3333333333333333},
      {Activation::kTanhshrink, 1, 0.2384058440442351},
      {Activation::kLogSigmoid, -2, -2.1269280110429727}};
  for (const auto& [activation, x, y] : points)
    EXPECT_NEAR(ref::activation(activation, x), y, 1e-15) << to_string(activation);
}

}  // namespace
}  // namespace modernbert
