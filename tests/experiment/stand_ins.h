// An experiment without training: costs by a table, runs that only write what a run writes.
#pragma once

#include <fmt/format.h>

#include <map>

#include "core/file.h"
#include "experiment/experiment.h"

namespace modernbert::testing {

// The variant's name decides; recipes are called EXPERIMENT/VARIANT.
inline std::string variant_of(const Recipe& recipe) {
  return recipe.name.substr(recipe.name.find('/') + 1);
}

class TableMeter : public CostMeter {
 public:
  explicit TableMeter(std::map<std::string, double> cost = {}) : cost_(std::move(cost)) {}
  int64_t parameters(const Recipe&) override { return 1000; }
  double flops_per_token(const Recipe& recipe) override { return cost_of(recipe); }
  double seconds_per_token(const Recipe& recipe) override {
    ++measurements;
    return cost_of(recipe);
  }
  int measurements = 0;

 private:
  double cost_of(const Recipe& recipe) const {
    const auto it = cost_.find(variant_of(recipe));
    return it == cost_.end() ? 1 : it->second;
  }
  std::map<std::string, double> cost_;
};

// Trains in one step, to a loss that depends on variant and seed.
class StandInTrainer {
 public:
  std::vector<std::string> started;  // "deep/5"
  std::string failing;               // a variant that cannot be trained
  int stop_after = 1 << 30;          // runs that end before somebody asks to stop
  std::map<std::string, double> loss = {{"first", 3.0}, {"deep", 2.5}};

  LoopEnd operator()(const Recipe& recipe, const std::filesystem::path& folder) {
    const std::string variant = variant_of(recipe);
    started.push_back(variant + "/" + std::to_string(recipe.seed));
    std::filesystem::create_directories(folder);
    write_file_atomically(folder / "recipe.yaml", to_yaml(recipe.tree));
    if (static_cast<int>(started.size()) > stop_after) return LoopEnd::kStopped;
    if (variant == failing) throw Error(ErrorCode::kInvalidArgument, "no room");
    const double final_loss = loss.at(variant) + 0.1 * static_cast<double>(recipe.seed);
    write_file_atomically(
        folder / "metrics.jsonl",
        fmt::format(R"({{"kind":"step","step":1,"tokens":{0},"seconds":2,"tokens_per_s":500,"loss":9}}
{{"kind":"evaluation","step":1,"tokens":{0},"loss":{1},"accuracy":0.5}}
)",
                    static_cast<int64_t>(recipe.schedule.total), final_loss));
    return LoopEnd::kFinished;
  }
};

inline ExperimentParts stand_in_parts(CostMeter& meter, StandInTrainer& trainer) {
  static ExperimentObserver silent;
  static OneProcess alone;
  const auto train = [&trainer](const Recipe& recipe, const std::filesystem::path& folder) {
    return trainer(recipe, folder);
  };
  const auto speeds = [](const std::filesystem::path&, std::span<const int32_t>) {
    return std::vector<InferenceSpeed>{{128, 4000, ""}, {512, 3000, ""}, {8192, 0, "has 16 positions"}};
  };
  return {meter, {train, [] {}, [] { return 5e8; }, silent, alone}, speeds};
}

}  // namespace modernbert::testing
