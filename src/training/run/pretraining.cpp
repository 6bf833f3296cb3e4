#include "training/run/pretraining.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "core/default_threads.h"
#include "core/durable_file.h"
#include "core/fail.h"
#include "core/file.h"
#include "model/config_writer.h"
#include "model/weights.h"
#include "training/checkpoint/checkpoint_store.h"
#include "training/checkpoint/model_files.h"
#include "training/checkpoint/tiling.h"
#include "training/model/resolve_options.h"
#include "training/report/event_file.h"
#include "training/report/html_report.h"
#include "training/report/metrics_file.h"
#include "training/report/step_line.h"
#include "training/run/identity.h"
#include "training/run/machine.h"
#include "training/run/optimized_tensors.h"
#include "training/run/output_lock.h"
#include "training/run/product_peak.h"
#include "training/run/run_model.h"
#include "training/run/sentence_guesses.h"
#include "training/run/shared_start.h"
#include "training/run/start_summary.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr const char* kArchitecture = "ForMaskedLM";

// Hands every event to several observers.
class Fanout : public RunObserver {
 public:
  explicit Fanout(std::vector<RunObserver*> all) : all_(std::move(all)) {}
  void on_step(const StepMetrics& m) override {
    for (RunObserver* one : all_) one->on_step(m);
  }
  void on_evaluation(const EvaluationMetrics& m) override {
    for (RunObserver* one : all_) one->on_evaluation(m);
  }
  void on_checkpoint(const fs::path& folder, double seconds) override {
    for (RunObserver* one : all_) one->on_checkpoint(folder, seconds);
  }
  void on_note(std::string_view line) override {
    for (RunObserver* one : all_) one->on_note(line);
  }
  void flush() override {
    for (RunObserver* one : all_) one->flush();
  }

 private:
  std::vector<RunObserver*> all_;
};

class Pretraining {
 public:
  Pretraining(const Recipe& recipe, RunModel model, const PretrainingOptions& options, RunWorkshop& workshop,
              RunObserver& observer, Communicator& processes)
      : recipe_(recipe),
        options_(options),
        workshop_(workshop),
        processes_(processes),
        console_(processes.is_first() ? observer : nobody_),
        threads_(choose_threads(recipe.compute.threads, processes.size_on_host())),
        dtype_(resolve_options({.dtype = recipe.compute.dtype}).dtype),
        store_(options.output / "checkpoints", recipe.checkpoint.keep),
        from_(std::move(model.from)),
        tokenizer_folder_(std::move(model.tokenizer_folder)),
        tokenizer_(std::move(model.tokenizer)),
        encoder_(std::move(model.encoder)) {}

  LoopEnd run() {
    state_.identity = run_identity(recipe_, encoder_, tokenizer_folder_, workshop_.data_identity(recipe_));
    require_same_start(processes_, recipe_, dtype_, state_.identity);
    std::optional<fs::path> checkpoint;
    if (processes_.is_first()) {
      prepare_output();
      checkpoint = find_checkpoint();
    }
    check_machine();
    make_parts(checkpoint);
    print_summary();
    if (options_.only_summary) return LoopEnd::kStopped;
    return run_loop();
  }

 private:
  void prepare_output() {
    if (options_.only_summary) return;
    fs::create_directories(options_.output);
    lock_.emplace(options_.output);
    store_.clean();
  }

  // The newest checkpoint, checked; its state becomes ours.
  std::optional<fs::path> find_checkpoint() {
    const Json identity = state_.identity;
    const auto checkpoint = store_.newest();
    if (!checkpoint && options_.must_resume)
      fail(ErrorCode::kNotFound, "{}: no checkpoint to resume from", options_.output.string());
    if (checkpoint) {
      state_ = read_run_state(*checkpoint);
      const IdentityDifferences differences = compare_identities(state_.identity, identity);
      if (!differences.fatal.empty())
        fail(ErrorCode::kInvalidArgument,
             "{}: cannot resume, the run has changed: {}; choose another output folder", checkpoint->string(),
             fmt::join(differences.fatal, "; "));
      for (const std::string& line : differences.allowed)
        console_.on_note("changed since the checkpoint: " + line);
      console_.on_note(fmt::format("resuming at step {} from {}", state_.step, checkpoint->string()));
    }
    state_.identity = identity;
    return checkpoint;
  }

  void check_machine() {
    per_row_ = workshop_.activation_bytes_per_row(encoder_, recipe_);
    summary_.encoder = encoder_;
    summary_.memory =
        memory_need(recipe_, encoder_, per_row_ * static_cast<double>(recipe_.batch.micro_batch));
    summary_.available_memory = available_memory_bytes() / processes_.size_on_host();
    check_memory(recipe_, summary_.memory, per_row_, summary_.available_memory);
    if (!processes_.is_first()) return;
    summary_.free_disk = free_disk_bytes(options_.output);
    check_disk(recipe_, encoder_, summary_.free_disk,
               static_cast<double>(store_.list().size()) * checkpoint_bytes(encoder_));
  }

  void make_parts(const std::optional<fs::path>& checkpoint) {
    const auto layout = std::make_shared<const ParameterLayout>(encoder_, HeadKind::kMaskedLm);
    parameters_.emplace(layout);
    gradients_.emplace(layout);
    OptimizerConfig optimizer = recipe_.optimizer;
    optimizer.muon_products = dtype_ == ComputeType::kBf16 ? ProductType::kBf16 : ProductType::kFp32;
    optimizer_.emplace(optimizer, optimized_tensors(*layout, optimizer.kind), threads_);
    data_ = workshop_.make_training_data(recipe_, tokenizer_, processes_);
    if (checkpoint) {
      read_parameters(*checkpoint, *parameters_);
      read_moments(*checkpoint, *layout, optimizer_->first_moment(), optimizer_->second_moment());
      optimizer_->set_steps(state_.optimizer_steps);
      data_->restore(state_.data);
    } else if (processes_.is_first()) {
      first_weights();
    }
    share_start(processes_, state_, *data_, *parameters_, *optimizer_);
    model_ = workshop_.make_model(encoder_, recipe_, threads_);
    model_->set_parameters(*parameters_);
  }

  void first_weights() {
    if (!from_.empty()) return load_parameters(Weights::open(from_), *parameters_);
    initialize_parameters(encoder_, recipe_.model.init, recipe_.seed, *parameters_);
    if (recipe_.model.tile_from.empty()) return;
    const fs::path small = options_.find_model(recipe_.model.tile_from);
    const EncoderConfig small_config = read_encoder_config(small);
    ParameterBlock block(std::make_shared<const ParameterLayout>(small_config, HeadKind::kMaskedLm));
    load_parameters(Weights::open(small), block);
    tile_parameters(small_config, block, encoder_, *parameters_);
  }

  // Seconds and steps of the run, from a micro-batch whose results are thrown away.
  void predict_time() {
    const Json before = data_->state();
    std::optional<MaskedLmBatch> own;
    while (!own) own = data_->next();
    const MaskedLmBatch batch = std::move(*own);
    data_->restore(before);
    double seconds = 0;
    for (int attempt = 0; attempt < 2; ++attempt) {  // the first one also allocates
      const auto start = Clock::now();
      model_->forward_backward(batch, 0, 0, *gradients_);
      seconds = std::chrono::duration<double>(Clock::now() - start).count();
      if (seconds > 20) break;
    }
    summary_.tokens_per_s = static_cast<double>(batch.real_tokens()) / seconds * processes_.size();
    summary_.seconds_left = static_cast<double>(summary_.tokens_left) / summary_.tokens_per_s;
    const double filled =
        static_cast<double>(batch.real_tokens()) / static_cast<double>(batch.tokens.tokens());
    micro_batch_tokens_ = std::max<int64_t>(
        1,
        std::llround(filled * static_cast<double>(recipe_.batch.micro_batch * recipe_.data.sequence_length)));
  }

  void print_summary() {
    const BatchWarmup warmup = recipe_.batch.warmup();
    const auto total = static_cast<int64_t>(recipe_.schedule.total);
    summary_.tokens_left = std::max<int64_t>(0, total - state_.tokens);
    summary_.machine = fmt::format("{}, {} threads", to_string(dtype_), threads_);
    if (processes_.size() > 1) summary_.machine += fmt::format(" in each of {} processes", processes_.size());
    predict_time();
    summary_.total_steps = warmup.count_steps(total, micro_batch_tokens_);
    summary_.steps_left = std::max<int64_t>(0, summary_.total_steps - state_.step);
    for (const std::string& line : summary_lines(recipe_, summary_)) console_.on_note(line);
  }

  LoopEnd run_loop() {
    if (!processes_.is_first()) return run_loop(nobody_);
    const fs::path& output = options_.output;
    write_file_atomically(output / "recipe.yaml", to_yaml(recipe_.tree));
    MetricsFile metrics(output / "metrics.jsonl", state_.step);
    EventFile events(output / "tensorboard", state_.step);
    Fanout observer({&metrics, &events, &console_});
    return run_loop(observer);
  }

  LoopEnd run_loop(RunObserver& observer) {
    heldout_ = workshop_.make_heldout(recipe_, tokenizer_);
    TrainingLoop loop(recipe_, loop_parts(observer));
    static const std::atomic<int> kNeverStops = 0;
    const LoopEnd end = loop.run(options_.stop != nullptr ? *options_.stop : kNeverStops);
    observer.flush();
    if (processes_.is_first()) finish(end, loop.seconds());
    return end;
  }

  LoopParts loop_parts(RunObserver& observer) {
    LoopParts parts{*model_, *data_, *parameters_, *gradients_, *optimizer_, state_, observer, processes_};
    parts.threads = threads_;
    parts.micro_batch_tokens = micro_batch_tokens_;
    parts.save = [this, &observer] { save(observer); };
    if (!heldout_.empty() || !recipe_.evaluation.sentences.empty())
      parts.evaluate = [this] { return evaluate(); };
    if (processes_.is_first()) parts.peak_flops = product_peak_flops(dtype_, threads_);
    parts.step_flops = [this](const MaskedLmBatch& batch) { return training_flops(encoder_, batch); };
    return parts;
  }

  CheckpointContent content() {
    return {config_json(encoder_, kArchitecture, dropout_fields()).dump(2) + "\n", tokenizer_folder_,
            *parameters_, optimizer_->first_moment(), optimizer_->second_moment()};
  }

  // Under the family's names.
  OrderedJson dropout_fields() const {
    const ModelRecipe& model = recipe_.model;
    if (encoder_.model_type == "modernbert")
      return {{"embedding_dropout", model.embedding_dropout},
              {"attention_dropout", model.attention_dropout},
              {"mlp_dropout", model.mlp_dropout}};
    if (encoder_.model_type == "bert")
      return {{"hidden_dropout_prob", model.attention_out_dropout},
              {"attention_probs_dropout_prob", model.attention_dropout}};
    return {{"embed_dropout_prob", model.embedding_dropout},
            {"attention_probs_dropout_prob", model.attention_dropout},
            {"attn_out_dropout_prob", model.attention_out_dropout},
            {"mlp_dropout_prob", model.mlp_dropout}};
  }

  void save(RunObserver& observer) {
    const auto start = Clock::now();
    require_same_weights(processes_, *parameters_);
    if (!processes_.is_first()) return;
    const fs::path folder =
        store_.write(state_.step, [this](const fs::path& to) { write_checkpoint(to, content(), state_); });
    write_html_report(options_.output, title());
    observer.on_checkpoint(folder, std::chrono::duration<double>(Clock::now() - start).count());
  }

  EvaluationMetrics evaluate() {
    EvaluationMetrics metrics{.step = state_.step, .tokens = state_.tokens};
    LossTerms sum;
    for (size_t i = 0; i < heldout_.size(); ++i) {
      const bool mine = i % static_cast<size_t>(processes_.size()) == static_cast<size_t>(processes_.rank());
      if (mine) sum += model_->evaluate(heldout_[i]);
    }
    sum = sum_of_all(processes_, sum);
    metrics.labels = sum.labels;
    const auto labels = static_cast<double>(std::max<int64_t>(1, sum.labels));
    metrics.loss = sum.cross_entropy / labels;
    metrics.accuracy = static_cast<double>(sum.correct) / labels;
    if (!processes_.is_first()) return metrics;
    metrics.sentences =
        guess_sentences(encoder_, *parameters_, tokenizer_, recipe_.evaluation.sentences, threads_);
    return metrics;
  }

  ReportTitle title() const {
    const auto parameters = static_cast<double>(count_parameters(encoder_, HeadKind::kMaskedLm).total());
    return {recipe_.name, fmt::format("{} parameters, {} layers of {} · {} · {} tokens planned · {}",
                                      count_text(parameters), encoder_.num_hidden_layers,
                                      encoder_.hidden_size, to_string(recipe_.optimizer.kind),
                                      count_text(recipe_.schedule.total), summary_.machine)};
  }

  void finish(LoopEnd end, const LoopSeconds& seconds) {
    if (end == LoopEnd::kFinished) {
      const fs::path model = options_.output / "model";
      fs::remove_all(model);
      publish_folder(model, [this](const fs::path& to) { write_model(to, content(), DType::kF32); });
      console_.on_note(fmt::format("the trained model is in {}", model.string()));
    }
    write_html_report(options_.output, title());
    const double all = seconds.steps + seconds.checkpoints + seconds.evaluation + seconds.logging;
    if (all <= 0) return;
    console_.on_note(fmt::format(
        "time: {} in steps; of all of it data {:.2f} %, checkpoints {:.2f} %, logging {:.2f} %, "
        "evaluation {:.2f} %{}",
        duration_text(seconds.steps), 100 * seconds.data / all, 100 * seconds.checkpoints / all,
        100 * seconds.logging / all, 100 * seconds.evaluation / all,
        processes_.size() == 1
            ? ""
            : fmt::format(", waiting for other processes {:.2f} %", 100 * seconds.waiting / all)));
  }

  const Recipe& recipe_;
  const PretrainingOptions& options_;
  RunWorkshop& workshop_;
  Communicator& processes_;
  RunObserver nobody_;
  RunObserver& console_;
  int threads_;
  ComputeType dtype_;  // fp32 or bf16
  CheckpointStore store_;
  fs::path from_;  // folder of model.from; empty = none
  fs::path tokenizer_folder_;
  Tokenizer tokenizer_;
  EncoderConfig encoder_;
  std::optional<OutputLock> lock_;
  RunState state_;
  double per_row_ = 0;
  int64_t micro_batch_tokens_ = 0;  // real tokens of a micro-batch, about
  StartSummary summary_;
  std::optional<ParameterBlock> parameters_, gradients_;
  std::optional<Optimizer> optimizer_;
  std::unique_ptr<BatchStream> data_;
  std::unique_ptr<TrainedModel> model_;
  std::vector<MaskedLmBatch> heldout_;
};

}  // namespace

LoopEnd pretrain(const Recipe& recipe, const PretrainingOptions& options, RunWorkshop& workshop,
                 RunObserver& observer) {
  OneProcess alone;
  Communicator& processes = options.processes != nullptr ? *options.processes : alone;
  RunModel model = resolve_run_model(recipe, options.find_model);
  return Pretraining(recipe, std::move(model), options, workshop, observer, processes).run();
}

}  // namespace modernbert
