// What the runs of an experiment found. Read from their folders, so that results can be written at any time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "experiment/inference.h"
#include "experiment/runner.h"

namespace modernbert {

// Mean and spread over seeds.
struct Spread {
  double mean = 0;
  double deviation = 0;  // standard deviation of a sample (n - 1); 0 for a single value
  int count = 0;
};
// nullopt for no values.
std::optional<Spread> spread_of(const std::vector<double>& values);

struct HeldOutPoint {
  double tokens = 0;
  double seconds = 0;  // of training until then
  double loss = 0;     // nats a masked token
  double accuracy = 0;
};

struct RunResult {
  uint64_t seed = 0;
  RunOutcome outcome;
  std::vector<HeldOutPoint> curve;
  int64_t steps = 0;
  double tokens = 0;
  double seconds = 0;       // of training steps
  double tokens_per_s = 0;  // of the median step

  bool finished() const { return outcome.status == RunStatus::kFinished && !curve.empty(); }
  double loss() const { return curve.back().loss; }
};

// metrics: the text of metrics.jsonl.
RunResult read_run_result(uint64_t seed, const RunOutcome& outcome, const std::string& metrics);

struct VariantResult {
  std::string name;
  std::string from;                  // the variant it starts from; empty = the base recipe
  std::vector<std::string> changes;  // of that, "model.mlp_bias: true"
  std::vector<std::string> notes;    // where its data differ from the first variant's
  int64_t parameters = 0;
  double flops_per_token = 0;             // of training
  int64_t tokens = 0;                     // that the budget gives it
  std::vector<RunResult> runs;            // by seed
  std::vector<InferenceSpeed> inference;  // empty = not measured

  std::optional<Spread> loss() const;          // final, held out; over finished runs
  std::optional<Spread> tokens_per_s() const;  // of training
  std::optional<Spread> seconds() const;
  double peak_bytes() const;  // the most of all runs; 0 = unknown
};

struct ExperimentResults {
  std::string name;
  std::string base_name;
  BudgetKind budget = BudgetKind::kTokens;
  std::vector<uint64_t> seeds;
  std::vector<int32_t> inference_lengths;
  std::string machine;  // "avx512, bf16, 2 threads"
  std::vector<VariantResult> variants;

  // Final held-out loss of a variant less that of the first one, seed by seed: what all variants have in
  // common, first weights and order of the data as far as they are equal, falls out of the spread.
  std::optional<Spread> difference(const VariantResult& variant) const;
};

}  // namespace modernbert
