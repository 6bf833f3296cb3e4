#include "corpus/micro_batches.h"

#include <algorithm>

#include "core/check.h"
#include "core/fail.h"
#include "core/random.h"

namespace modernbert {
namespace {

// As in the original: five source batches wait at most.
constexpr size_t kBufferedBatches = 5;
constexpr int32_t kMaxPackedTogether = 4096;
constexpr int32_t kMaxRanks = 1 << 20;

void check_range(int64_t value, int64_t min, int64_t max, const char* name) {
  if (value >= min && value <= max) return;
  fail(ErrorCode::kInvalidArgument, "{} is {}, want {} to {}", name, value, min, max);
}

// The first data set's; the others must have been made with the same one.
Tokenizer load_tokenizer(const TrainingDataOptions& options) {
  if (options.datasets.empty()) fail(ErrorCode::kInvalidArgument, "no data set to train on");
  return Tokenizer::load(options.datasets.front().folder);
}

void check_options(const TrainingDataOptions& options, uint32_t special_tokens) {
  check_range(options.max_length, special_tokens + 1, 1 << 24, "the longest sequence");
  check_range(options.micro_batch_tokens, options.max_length, 1 << 28, "tokens of a micro-batch");
  check_range(options.packed_together, 1, kMaxPackedTogether, "micro-batches packed together");
  check_range(options.ranks, 1, kMaxRanks, "the number of ranks");
  check_range(options.rank, 0, options.ranks - 1, "the rank");
  check_range(options.prefetch, 1, 1 << 10, "micro-batches made ahead");
}

std::vector<double> token_weights(const TrainingDataOptions& options,
                                  const std::vector<WindowedDataset>& datasets) {
  std::vector<double> weights;
  for (const MixtureEntry& entry : options.datasets) weights.push_back(entry.weight);
  if (std::all_of(weights.begin(), weights.end(), [](double weight) { return weight == 0; })) {
    for (size_t i = 0; i < weights.size(); ++i) {
      weights[i] = static_cast<double>(datasets[i].dataset().tokens());
    }
    return weights;
  }
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] > 0 && weights[i] < 1e18) continue;
    fail(ErrorCode::kInvalidArgument, "{}: weight {}, want a positive number for every data set, or none",
         options.datasets[i].folder.string(), weights[i]);
  }
  return weights;
}

PackingOptions packing_options(const TrainingDataOptions& options) {
  PackingOptions packing;
  packing.bins = static_cast<size_t>(options.packed_together);
  packing.bin_tokens = static_cast<uint64_t>(options.micro_batch_tokens);
  packing.source_batch = packing.bins * static_cast<size_t>(options.micro_batch_tokens / options.max_length);
  packing.buffer = kBufferedBatches * packing.source_batch;
  packing.waiting = WaitingOrder::kInOrder;
  return packing;
}

// The template's tokens before and after a text.
struct Template {
  std::vector<int32_t> before, after;
};

Template template_of(const Tokenizer& tokenizer) {
  const Encoding encoding = tokenizer.encode("a");
  const auto& special = encoding.special_tokens_mask;
  const auto first = std::find(special.begin(), special.end(), 0) - special.begin();
  const auto last = special.rend() - std::find(special.rbegin(), special.rend(), 0);
  return {{encoding.ids.begin(), encoding.ids.begin() + first},
          {encoding.ids.begin() + last, encoding.ids.end()}};
}

}  // namespace

TrainingCorpus::TrainingCorpus(const TrainingDataOptions& options, DatasetPart part)
    : options_(options), tokenizer_(load_tokenizer(options)), masking_(options.masking, tokenizer_) {
  check_options(options, special_tokens());
  if (options.packing == RowPacking::kPadded && !tokenizer_.pad_id())
    fail(ErrorCode::kInvalidArgument, "{}: the tokenizer has no [PAD] token, which padded rows need",
         options.datasets.front().folder.string());
  for (const MixtureEntry& entry : options.datasets) {
    Dataset dataset = Dataset::open(entry.folder, part);
    if (dataset.tokens() == 0) {
      fail(ErrorCode::kInvalidArgument, "{}: its {} part is empty", entry.folder.string(),
           part == DatasetPart::kTrain ? "training" : "held-out");
    }
    const std::string& want = datasets_.empty() ? dataset.recipe().tokenizer_sha256
                                                : datasets_[0].dataset().recipe().tokenizer_sha256;
    if (dataset.recipe().tokenizer_sha256 != want) {
      fail(ErrorCode::kInvalidArgument, "{} was made with another tokenizer than {}", entry.folder.string(),
           options.datasets[0].folder.string());
    }
    datasets_.emplace_back(std::move(dataset), static_cast<uint32_t>(options.max_length) - special_tokens());
  }
  weights_ = token_weights(options, datasets_);
}

MaskedLmBatch TrainingCorpus::make_batch(std::span<const SequenceRef> sequences) const {
  const Template around = template_of(tokenizer_);
  MaskedLmBatch batch;
  std::vector<int32_t> ids, labels;
  for (const SequenceRef& sequence : sequences) {
    ids.assign(sequence.length, 0);
    std::copy(around.before.begin(), around.before.end(), ids.begin());
    std::copy(around.after.rbegin(), around.after.rend(), ids.rbegin());
    datasets_[sequence.dataset].copy(
        sequence.window, std::span(ids).subspan(around.before.size(),
                                                ids.size() - around.before.size() - around.after.size()));
    labels.assign(ids.size(), kNotPredicted);
    const uint64_t pass = random_hash(random_hash(options_.seed, sequence.dataset), sequence.epoch);
    masking_.apply(random_hash(pass, sequence.window), ids, labels);
    batch.tokens.add(ids);
    batch.labels.insert(batch.labels.end(), labels.begin(), labels.end());
    if (options_.packing == RowPacking::kPadded) fill_row(sequence.length, batch);
  }
  return batch;
}

void TrainingCorpus::fill_row(uint32_t length, MaskedLmBatch& batch) const {
  const size_t missing = static_cast<size_t>(options_.max_length) - length;
  if (missing == 0) return;
  batch.tokens.add(std::vector<int32_t>(missing, *tokenizer_.pad_id()));
  batch.labels.resize(batch.labels.size() + missing, kNotPredicted);
  batch.padding += static_cast<int64_t>(missing);
}

Json TrainingCorpus::identity() const {
  Json datasets = Json::array();
  for (size_t i = 0; i < datasets_.size(); ++i) {
    const Dataset& dataset = datasets_[i].dataset();
    datasets.push_back(
        {{"contents", dataset.fingerprint()}, {"tokens", dataset.tokens()}, {"weight", weights_[i]}});
  }
  return {{"tokenizer", datasets_[0].dataset().recipe().tokenizer_sha256},
          {"datasets", std::move(datasets)},
          {"seed", options_.seed},
          {"max_length", options_.max_length},
          {"micro_batch_tokens", options_.micro_batch_tokens},
          {"packed_together", options_.packed_together},
          {"packing", to_string(options_.packing)}};
}

MicroBatches::MicroBatches(const TrainingCorpus& corpus, const TrainingDataOptions& options)
    : corpus_(corpus),
      options_(options),
      stream_(corpus.datasets(), corpus.weights(), options.seed, corpus.special_tokens()),
      packer_(packing_options(options), [this] { return std::optional(stream_.next()); }) {
  position_.datasets = stream_.positions();
}

void MicroBatches::pack() {
  position_.datasets = stream_.positions();
  position_.waiting = packer_.waiting();
  if (options_.packing == RowPacking::kPadded) {
    bins_ = padded_bins();
    return;
  }
  auto bins = packer_.next();
  MB_CHECK(bins);  // the stream has no end
  bins_ = std::move(*bins);
}

// As many rows as the micro-batch has, a sequence each, in the stream's order.
MicroBatches::Bins MicroBatches::padded_bins() {
  Bins bins(static_cast<size_t>(options_.packed_together));
  for (auto& bin : bins) {
    for (int32_t row = 0; row < options_.micro_batch_tokens / options_.max_length; ++row)
      bin.push_back(stream_.next());
  }
  return bins;
}

// Packs until micro-batch `number` is in bins_.
void MicroBatches::go_to(uint64_t number) {
  if (bins_.empty()) pack();
  while (number >= position_.first + bins_.size()) {
    position_.first += bins_.size();
    pack();
  }
}

std::optional<MaskedLmBatch> MicroBatches::next() {
  const uint64_t number = position_.done++;
  if (number % static_cast<uint64_t>(options_.ranks) != static_cast<uint64_t>(options_.rank)) return {};
  go_to(number);
  return corpus_.make_batch(bins_[number - position_.first]);
}

MicroBatches::Position MicroBatches::position() const {
  return position_;
}

void MicroBatches::set_position(const Position& position) {
  stream_.set_positions(position.datasets);
  packer_.set_waiting(position.waiting);
  bins_.clear();
  position_ = position;
}

Json to_json(const MicroBatches::Position& position) {
  Json datasets = Json::array(), waiting = Json::array();
  for (const SequencePosition& at : position.datasets) {
    datasets.push_back({{"epoch", at.epoch}, {"place", at.place}, {"tokens", at.tokens}});
  }
  for (const SequenceRef& sequence : position.waiting) {
    waiting.push_back({sequence.dataset, sequence.epoch, sequence.window});
  }
  return {{"datasets", std::move(datasets)},
          {"waiting", std::move(waiting)},
          {"first", position.first},
          {"done", position.done}};
}

namespace {

constexpr int64_t kMaxPlace = (int64_t{1} << 52) - 1;

SequenceRef read_sequence(const Json& value, const TrainingCorpus& corpus, const JsonObject& object) {
  const bool well_formed = value.is_array() && value.size() == 3 && value[0].is_number_unsigned() &&
                           value[1].is_number_unsigned() && value[2].is_number_unsigned();
  if (!well_formed) object.reject("waiting", "lists of [data set, epoch, window]");
  SequenceRef sequence;
  const auto dataset = value[0].get<uint64_t>();
  sequence.epoch = value[1].get<uint64_t>();
  sequence.window = value[2].get<uint64_t>();
  if (dataset >= corpus.datasets().size() || sequence.window >= corpus.datasets()[dataset].windows()) {
    object.reject("waiting", "windows of the data sets");
  }
  sequence.dataset = static_cast<uint32_t>(dataset);
  sequence.length = corpus.datasets()[dataset].length(sequence.window) + corpus.special_tokens();
  return sequence;
}

}  // namespace

MicroBatches::Position read_position(const Json& value, const TrainingCorpus& corpus,
                                     const std::string& source) {
  const JsonObject object(value, source);
  MicroBatches::Position position;
  for (const Json& entry : object.require_list("datasets")) {
    const JsonObject fields(entry, source + ": datasets");
    if (position.datasets.size() == corpus.datasets().size()) break;
    const auto windows = static_cast<int64_t>(corpus.datasets()[position.datasets.size()].windows());
    position.datasets.push_back({fields.require_count("epoch", kMaxPlace),
                                 fields.require_count("place", windows - 1),
                                 fields.require_count("tokens", kMaxPlace)});
  }
  if (position.datasets.size() != corpus.datasets().size()) {
    object.reject("datasets", fmt::format("{} of them", corpus.datasets().size()));
  }
  for (const Json& entry : object.require_list("waiting")) {
    position.waiting.push_back(read_sequence(entry, corpus, object));
  }
  position.first = object.require_count("first", kMaxPlace);
  position.done = object.require_count("done", kMaxPlace);
  // A rank packs when its turn comes: it is less than one round behind.
  constexpr uint64_t kMaxAhead = kMaxPackedTogether + kMaxRanks;
  if (position.done < position.first || position.done - position.first > kMaxAhead) {
    object.reject("done", fmt::format("\"first\" or at most {} more", kMaxAhead));
  }
  return position;
}

}  // namespace modernbert
