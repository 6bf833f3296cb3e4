#include "training/run/pretraining.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/file.h"
#include "error_text.h"
#include "fake_run.h"
#include "temporary_folder.h"
#include "training/checkpoint/checkpoint_store.h"

namespace modernbert::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Recorder : public RunObserver {
 public:
  std::vector<StepMetrics> steps;
  std::vector<EvaluationMetrics> evaluations;
  std::vector<std::string> notes;
  int checkpoints = 0;
  std::atomic<int>* stop = nullptr;
  int64_t stop_at = -1;

  void on_step(const StepMetrics& m) override {
    steps.push_back(m);
    if (m.step == stop_at) *stop = 15;
  }
  void on_evaluation(const EvaluationMetrics& m) override { evaluations.push_back(m); }
  void on_checkpoint(const fs::path&, double) override { ++checkpoints; }
  void on_note(std::string_view line) override { notes.emplace_back(line); }
  std::string all_notes() const {
    std::string text;
    for (const std::string& note : notes) text += note + "\n";
    return text;
  }
};

struct SmallRun {
  TemporaryFolder folder;
  FakeWorkshop workshop;
  Recorder recorder;
  std::atomic<int> stop = 0;

  LoopEnd start(int64_t steps, const std::vector<std::string>& overrides = {},
                PretrainingOptions options = {}) {
    RecipeNode tree = fake_recipe(steps);
    for (const std::string& text : overrides) override_recipe(tree, text);
    const Recipe recipe = parse_recipe_tree(tree);
    options.output = folder.path();
    options.stop = &stop;
    recorder.stop = &stop;
    return pretrain(recipe, options, workshop, recorder);
  }
  std::string weights() const { return read_file(folder.path() / "model" / "model.safetensors"); }
  double largest_change(const SmallRun& other) const {
    return largest_difference(folder.path(), other.folder.path());
  }
  fs::path newest() const { return *CheckpointStore(folder.path() / "checkpoints", 1).newest(); }
};

TEST(Pretraining, CountsStepsAndTokensAndFollowsTheSchedule) {
  SmallRun run;
  EXPECT_EQ(run.start(10), LoopEnd::kFinished);
  ASSERT_EQ(run.recorder.steps.size(), 10u);
  EXPECT_EQ(run.recorder.steps.back().tokens, 640);
  EXPECT_EQ(run.recorder.steps.back().total_steps, 10);
  EXPECT_DOUBLE_EQ(run.recorder.steps[0].rate, 0.005);  // 64 of 128 tokens of warmup
  EXPECT_DOUBLE_EQ(run.recorder.steps[1].rate, 0.01);
  EXPECT_DOUBLE_EQ(run.recorder.steps[0].loss, 2.5);
  EXPECT_EQ(run.recorder.evaluations.size(), 4u);  // 3, 6, 9 and the end
  EXPECT_EQ(run.recorder.evaluations[0].sentences.at(0).masks.at(0).size(), 3u);
  EXPECT_EQ(run.recorder.checkpoints, 5);
}

TEST(Pretraining, ResumesToTheSameBits) {
  SmallRun whole, parts;
  whole.start(11);
  parts.recorder.stop_at = 5;
  EXPECT_EQ(parts.start(11), LoopEnd::kStopped);
  parts.stop = 0;
  EXPECT_EQ(parts.start(11), LoopEnd::kFinished);
  EXPECT_TRUE(whole.weights() == parts.weights());
  // Metrics go on without gap or repetition.
  std::ifstream metrics(parts.folder.path() / "metrics.jsonl");
  int64_t step = 0;
  for (std::string line; std::getline(metrics, line);) {
    const Json value = Json::parse(line);
    if (value["kind"] != "step") continue;
    EXPECT_EQ(value["step"], ++step);
  }
  EXPECT_EQ(step, 11);
}

TEST(Pretraining, KeepsTheLastCheckpointsOnly) {
  SmallRun run;
  run.start(10);
  EXPECT_EQ(CheckpointStore(run.folder.path() / "checkpoints", 1).list().size(), 2u);
}

TEST(Pretraining, MayBeMadeLonger) {
  SmallRun run;
  run.start(4);
  EXPECT_EQ(run.start(8), LoopEnd::kFinished);
  EXPECT_THAT(run.recorder.all_notes(), HasSubstr("schedule.tokens was 256.0, is 512.0"));
  EXPECT_EQ(run.recorder.steps.back().step, 8);
}

TEST(Pretraining, MayGoOnWithAnotherMaskRate) {
  SmallRun run;
  run.start(4);
  EXPECT_EQ(run.start(8, {"data.mask_probability=0.2"}), LoopEnd::kFinished);
  EXPECT_THAT(run.recorder.all_notes(), HasSubstr("data.mask_probability was 0.3, is 0.2"));
}

TEST(Pretraining, RefusesToResumeAChangedRunAndSaysWhatDiffers) {
  SmallRun run;
  run.start(4);
  EXPECT_THAT(thrown_by([&] { run.start(8, {"optimizer.beta2=0.9"}); }).message,
              HasSubstr("optimizer.beta2 was 0.98, is 0.9"));
  EXPECT_THAT(thrown_by([&] { run.start(8, {"model.hidden_size=32"}); }).message,
              HasSubstr("model.hidden_size was 16, is 32"));
  run.workshop.data = "other data";
  EXPECT_THAT(thrown_by([&] { run.start(8); }).message,
              HasSubstr("data.contents was \"the data\", is \"other data\""));
  SmallRun muon;
  muon.start(4, {"optimizer.name=muon"});
  EXPECT_THAT(thrown_by([&] {
                muon.start(8, {"optimizer.name=muon", "optimizer.muon_update=0.5"});
              }).message,
              HasSubstr("optimizer.muon_update was 0.2, is 0.5"));
}

TEST(Pretraining, NamesADamagedFile) {
  SmallRun run;
  run.start(4);
  const fs::path path = run.newest() / "optimizer.safetensors";
  std::string bytes = read_file(path);
  bytes[bytes.size() / 2] ^= 1;
  write_file_atomically(path, bytes);
  const Thrown thrown = thrown_by([&] { run.start(8); });
  EXPECT_EQ(thrown.code, ErrorCode::kInvalidFile);
  EXPECT_THAT(thrown.message, HasSubstr(path.string()));
  bytes.pop_back();
  write_file_atomically(path, bytes);
  EXPECT_THAT(thrown_by([&] { run.start(8); }).message, HasSubstr(path.string()));
}

TEST(Pretraining, NamesADamagedState) {
  SmallRun run;
  run.start(4);
  const fs::path path = run.newest() / "training_state.json";
  std::string text = read_file(path);
  const size_t at = text.find("\"step\": 4");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 9, "\"step\": 3");
  write_file_atomically(path, text);
  EXPECT_THAT(thrown_by([&] { run.start(8); }).message, HasSubstr(path.string()));
}

TEST(Pretraining, SkipsStepsThatAreNotFiniteAndStopsAfterSoManyInARow) {
  SmallRun run;
  run.workshop.broken_from = 2 + 4;  // two calls predict the time, two steps are fine
  const Thrown thrown = thrown_by([&] { run.start(20, {"max_skipped_steps=3"}); });
  EXPECT_THAT(thrown.message, HasSubstr("3 steps in a row"));
  ASSERT_EQ(run.recorder.steps.size(), 5u);
  EXPECT_FALSE(run.recorder.steps[1].skipped);
  EXPECT_TRUE(run.recorder.steps[2].skipped);
}

TEST(Pretraining, RefusesWhatDoesNotFitAndSaysWhatToChange) {
  SmallRun run;
  run.workshop.bytes_per_row = 300e6;
  const Thrown thrown = thrown_by([&] { run.start(4, {"compute.memory_gib=1"}); });
  EXPECT_EQ(thrown.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(thrown.message, HasSubstr("set batch.micro_batch to 1 (now 2), or compute.recompute to true"));
  EXPECT_FALSE(fs::exists(run.folder.path() / "checkpoints"));
}

TEST(Pretraining, SummaryAloneWritesNothing) {
  SmallRun run;
  run.start(4, {}, {.only_summary = true});
  EXPECT_TRUE(fs::is_empty(run.folder.path()));
  EXPECT_THAT(run.recorder.all_notes(), HasSubstr("256 to go of 256, in rows of 16"));
}

TEST(Pretraining, ResumeWithoutACheckpointIsAnError) {
  SmallRun run;
  EXPECT_EQ(thrown_by([&] { run.start(4, {}, {.must_resume = true}); }).code, ErrorCode::kNotFound);
}

TEST(Pretraining, GoesOnFromAnotherModelsWeights) {
  SmallRun first, second;
  first.start(4);
  PretrainingOptions options;
  options.find_model = [](const std::string& name) { return fs::path(name); };
  const std::string model = (first.folder.path() / "model").string();
  second.start(4,
               {"model={from: " + model + ", global_rope_theta: 160000, max_position_embeddings: 64}",
                "optimizer.learning_rate=1e-12", "optimizer.weight_decay=0"},
               options);
  const auto config = parse_config(read_file(second.folder.path() / "model" / "config.json"), "config.json");
  EXPECT_EQ(config.layers[0].rope_theta, 160000);
  EXPECT_EQ(config.layers[1].rope_theta, 10000);
  EXPECT_EQ(config.max_position_embeddings, 64);
  EXPECT_LT(second.largest_change(first), 1e-9);  // four steps at that rate
}

}  // namespace
}  // namespace modernbert::testing
