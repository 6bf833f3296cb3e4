#include "training/run/sentence_guesses.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/heads.h"
#include "ops/rowwise/rows.h"

namespace modernbert {
namespace {

constexpr size_t kGuesses = 3;

// The values as a checkpoint in memory; they must outlive it.
Weights weights_of(const ParameterBlock& values) {
  TensorMap tensors;
  for (const ParameterInfo& info : values.layout().parameters()) {
    const auto* data = reinterpret_cast<const std::byte*>(values.of(info).data());
    tensors[info.name] = {"the run's values", DType::kF32, info.shape, data};
  }
  return Weights::from_memory(std::move(tensors), nullptr, "the run's values");
}

std::vector<Guess> best_guesses(std::span<const float> logits, const Tokenizer& tokenizer) {
  std::vector<int32_t> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  const size_t count = std::min(kGuesses, ids.size());
  std::ranges::partial_sort(ids, ids.begin() + static_cast<std::ptrdiff_t>(count),
                            [&](int32_t a, int32_t b) { return logits[a] > logits[b]; });
  const double top = logits[ids[0]];
  const double sum = std::accumulate(logits.begin(), logits.end(), 0.0,
                                     [top](double total, float x) { return total + std::exp(x - top); });
  std::vector<Guess> guesses;
  for (size_t k = 0; k < count; ++k) {
    const int32_t id = ids[k];
    const bool known = id < tokenizer.vocab_size() && !tokenizer.id_to_token(id).empty();
    const std::string text = known ? tokenizer.decode(std::span(&id, 1), /*skip_special_tokens=*/false) : "?";
    guesses.push_back({text, std::exp(logits[id] - top) / sum});
  }
  return guesses;
}

}  // namespace

std::vector<SentenceGuesses> guess_sentences(const EncoderConfig& config, const ParameterBlock& values,
                                             const Tokenizer& tokenizer,
                                             std::span<const std::string> sentences, int threads) {
  std::vector<SentenceGuesses> result;
  if (sentences.empty() || !tokenizer.mask_id()) return result;
  const EncoderPtr encoder = LoadedEncoder::from_weights(config, weights_of(values),
                                                         {.dtype = ComputeType::kFp32, .threads = threads});
  const MaskedLm head(encoder);
  for (const std::string& sentence : sentences) {
    const Encoding encoding = tokenizer.encode(sentence);
    TokenBatch batch;
    batch.add(encoding.ids);
    const Matrix hidden = encoder->forward(batch);
    SentenceGuesses guesses{sentence, {}};
    for (int64_t row = 0; row < hidden.rows(); ++row) {
      if (encoding.ids[static_cast<size_t>(row)] != *tokenizer.mask_id()) continue;
      const Matrix logits = head.logits(hidden.view().slice_rows(row, 1));
      guesses.masks.push_back(best_guesses(logits.row(0), tokenizer));
    }
    result.push_back(std::move(guesses));
  }
  return result;
}

}  // namespace modernbert
