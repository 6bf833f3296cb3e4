#include "corpus/training_data.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "core/fail.h"
#include "core/random.h"
#include "corpus/micro_batches.h"

namespace modernbert {
namespace {

// "the seed is 2, then 1": the first field in which a state differs from this run.
void refuse_difference(const Json& now, const Json& then) {
  for (const auto& [field, value] : now.items()) {
    // States of the time before there was padding do not mention it.
    const Json absent = field == "packing" ? Json(to_string(RowPacking::kGreedy)) : Json();
    const Json was = then.value(field, absent);
    if (value == was) continue;
    if (field != "datasets" || !was.is_array() || was.size() != value.size()) {
      fail(ErrorCode::kInvalidArgument, "cannot go on: {} of the training data is {}, then {}", field,
           brief(value), brief(was));
    }
    for (size_t i = 0; i < value.size(); ++i) {
      if (value[i] == was[i]) continue;
      fail(ErrorCode::kInvalidArgument, "cannot go on: data set {} has changed: {}, then {}", i,
           brief(value[i]), brief(was[i]));
    }
  }
}

}  // namespace

RowPacking parse_packing(std::string_view name, std::string_view field) {
  for (const RowPacking packing : {RowPacking::kGreedy, RowPacking::kPadded}) {
    if (name == to_string(packing)) return packing;
  }
  fail(ErrorCode::kInvalidFile, "{} is \"{}\", want greedy or padded", field, name);
}

std::string_view to_string(RowPacking packing) {
  return packing == RowPacking::kGreedy ? "greedy" : "padded";
}

struct TrainingData::Impl {
  explicit Impl(const TrainingDataOptions& o)
      : options(o), corpus(o, DatasetPart::kTrain), batches(corpus, o), handed_out(batches.position()) {
    start();
  }
  ~Impl() { stop(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  struct Made {
    std::optional<MaskedLmBatch> batch;
    MicroBatches::Position after;
  };

  void start() {
    stopping = false;
    maker = std::thread([this] { make_batches(); });
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    changed.notify_all();
    maker.join();
  }

  // Runs on the thread `maker`.
  void make_batches() {
    // Of so many, `prefetch` are this rank's.
    const size_t most = static_cast<size_t>(options.prefetch) * static_cast<size_t>(options.ranks);
    try {
      while (true) {
        Made made{batches.next(), batches.position()};
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return stopping || ready.size() < most; });
        if (stopping) return;
        ready.push_back(std::move(made));
        changed.notify_all();
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      error = std::current_exception();
      changed.notify_all();
    }
  }

  std::optional<MaskedLmBatch> next() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !ready.empty() || error; });
    if (ready.empty()) std::rethrow_exception(error);
    Made made = std::move(ready.front());
    ready.pop_front();
    handed_out = std::move(made.after);
    changed.notify_all();
    return std::move(made.batch);
  }

  void restart_at(MicroBatches::Position position) {
    stop();
    ready.clear();
    error = nullptr;
    batches.set_position(position);
    handed_out = std::move(position);
    start();
  }

  TrainingDataOptions options;
  TrainingCorpus corpus;
  MicroBatches batches;  // touched by `maker` only, while it runs
  MicroBatches::Position handed_out;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Made> ready;
  std::exception_ptr error;
  bool stopping = false;
  std::thread maker;
};

TrainingData::TrainingData(const TrainingDataOptions& options) : impl_(std::make_unique<Impl>(options)) {}
TrainingData::~TrainingData() = default;

std::optional<MaskedLmBatch> TrainingData::next() {
  return impl_->next();
}

Json TrainingData::state() const {
  return {{"made_with", impl_->corpus.identity()}, {"position", to_json(impl_->handed_out)}};
}

void TrainingData::restore(const Json& state) {
  const std::string source = "the state of the training data";
  const JsonObject object(state, source);
  const JsonObject made_with = object.require_object("made_with"),
                   position = object.require_object("position");
  refuse_difference(impl_->corpus.identity(), made_with.json());
  impl_->restart_at(read_position(position.json(), impl_->corpus, source));
}

uint64_t TrainingData::tokens() const {
  uint64_t tokens = 0;
  for (const WindowedDataset& dataset : impl_->corpus.datasets()) tokens += dataset.dataset().tokens();
  return tokens;
}

const Tokenizer& TrainingData::tokenizer() const {
  return impl_->corpus.tokenizer();
}

const std::string& TrainingData::tokenizer_sha256() const {
  return impl_->corpus.datasets().front().dataset().recipe().tokenizer_sha256;
}

std::vector<MaskedLmBatch> held_out_batches(const TrainingDataOptions& options, int64_t max_tokens) {
  TrainingDataOptions unpadded = options;
  unpadded.packing = RowPacking::kGreedy;
  const TrainingCorpus corpus(unpadded, DatasetPart::kHeldOut);
  std::vector<MaskedLmBatch> batches;
  std::vector<SequenceRef> waiting;
  int64_t tokens = 0, in_batch = 0;
  const auto flush = [&] {
    if (!waiting.empty()) batches.push_back(corpus.make_batch(waiting));
    waiting.clear();
    in_batch = 0;
  };
  for (uint32_t dataset = 0; dataset < corpus.datasets().size(); ++dataset) {
    const WindowedDataset& windows = corpus.datasets()[dataset];
    // Each data set gives its share of what is asked for.
    const int64_t limit = max_tokens * (dataset + 1) / static_cast<int64_t>(corpus.datasets().size());
    const Permutation order(windows.windows(), random_hash(options.seed, dataset));
    for (uint64_t place = 0; place < windows.windows(); ++place) {
      if (max_tokens > 0 && tokens >= limit) break;
      const uint64_t window = order[place];
      const uint32_t length = windows.length(window) + corpus.special_tokens();
      if (in_batch + length > options.micro_batch_tokens) flush();
      waiting.push_back({dataset, 0, window, length});
      in_batch += length;
      tokens += length;
    }
  }
  flush();
  return batches;
}

}  // namespace modernbert
