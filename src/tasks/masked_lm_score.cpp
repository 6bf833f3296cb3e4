#include "tasks/masked_lm_score.h"

#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "core/random.h"
#include "corpus/masked_lm_batch.h"
#include "model/heads.h"
#include "tasks/batches.h"
#include "tasks/row_logits.h"
#include "tasks/scores.h"
#include "tokenizer/byte_alphabet.h"

namespace modernbert {
namespace {

// A masked window of a text. Arrays are [tokens of the window].
struct Window {
  std::vector<int32_t> ids;
  std::vector<int32_t> labels;
  std::vector<int32_t> bytes;  // that each token stands for
};

double log_sum_exp(std::span<const float> logits) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  return largest + std::log(sum);
}

}  // namespace

MaskedLmScore& MaskedLmScore::operator+=(const MaskedLmScore& other) {
  loss += other.loss;
  tokens += other.tokens;
  correct += other.correct;
  bytes += other.bytes;
  documents += other.documents;
  return *this;
}

struct MaskedLmScorer::Impl {
  Impl(Model m, const MaskedLmScoreOptions& o)
      : model(std::move(m)),
        head(model.impl().encoder),
        options(o),
        masking(o.masking, model.tokenizer()),
        around(model.tokenizer().encode("a")),
        max_length(static_cast<size_t>(model.impl().input_limit(o.max_length))) {
    const auto& special = around.special_tokens_mask;
    before = std::find(special.begin(), special.end(), 0) - special.begin();
    after = std::find(special.rbegin(), special.rend(), 0) - special.rbegin();
    if (max_length <= before + after) {
      fail(ErrorCode::kInvalidArgument, "windows of {} tokens, want more than the {} special ones",
           max_length, before + after);
    }
  }

  void add_windows(const std::string& text, uint64_t document, std::vector<Window>& windows) const;
  int32_t bytes_of(const Encoding& encoding, size_t token) const;
  void score_rows(std::span<const int32_t> labels, std::span<const int32_t> bytes, const Matrix& hidden,
                  MaskedLmScore& score) const;

  Model model;
  MaskedLm head;
  MaskedLmScoreOptions options;
  Masking masking;
  Encoding around;               // any text, for the special tokens
  size_t before = 0, after = 0;  // how many stand before and after the text
  size_t max_length;
};

// Byte-level tokens hold the spaces before words; WordPiece's stand for their part of the text.
int32_t MaskedLmScorer::Impl::bytes_of(const Encoding& encoding, size_t token) const {
  const Tokenizer& tokenizer = model.tokenizer();
  const TextSpan span = encoding.byte_offsets[token];
  if (!tokenizer.tokens_hold_spaces()) return span.end - span.begin;
  const auto bytes = text_to_bytes(tokenizer.id_to_token(encoding.ids[token]));
  return bytes ? static_cast<int32_t>(bytes->size()) : span.end - span.begin;
}

void MaskedLmScorer::Impl::add_windows(const std::string& text, uint64_t document,
                                       std::vector<Window>& windows) const {
  EncodeOptions plain;
  plain.add_special_tokens = false;
  const Encoding encoding = model.tokenizer().encode(text, plain);
  const size_t step = max_length - before - after;
  const uint64_t key = random_hash(options.seed, document);
  for (size_t begin = 0; begin < encoding.ids.size(); begin += step) {
    const size_t end = std::min(begin + step, encoding.ids.size());
    Window window;
    window.ids.assign(around.ids.begin(), around.ids.begin() + static_cast<ptrdiff_t>(before));
    window.ids.insert(window.ids.end(), encoding.ids.begin() + static_cast<ptrdiff_t>(begin),
                      encoding.ids.begin() + static_cast<ptrdiff_t>(end));
    window.ids.insert(window.ids.end(), around.ids.end() - static_cast<ptrdiff_t>(after), around.ids.end());
    window.labels.resize(window.ids.size());
    window.bytes.resize(window.ids.size());
    for (size_t i = begin; i < end; ++i) window.bytes[before + i - begin] = bytes_of(encoding, i);
    masking.apply(random_hash(key, begin), window.ids, window.labels);
    windows.push_back(std::move(window));
  }
}

void MaskedLmScorer::Impl::score_rows(std::span<const int32_t> labels, std::span<const int32_t> bytes,
                                      const Matrix& hidden, MaskedLmScore& score) const {
  std::vector<int64_t> rows;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] != kNotPredicted) rows.push_back(static_cast<int64_t>(i));
  }
  visit_row_logits(head, hidden, rows, [&](size_t i, std::span<const float> logits) {
    const int32_t label = labels[rows[i]];
    score.loss += log_sum_exp(logits) - logits[label];
    score.correct += argmax(logits) == static_cast<size_t>(label);
    score.bytes += bytes[rows[i]];
    ++score.tokens;
  });
}

MaskedLmScorer::MaskedLmScorer(Model model, const MaskedLmScoreOptions& options)
    : impl_(std::make_shared<const Impl>(std::move(model), options)) {}

MaskedLmScore MaskedLmScorer::operator()(std::span<const std::string> texts, uint64_t first_document) const {
  std::vector<Window> windows;
  for (size_t i = 0; i < texts.size(); ++i) impl_->add_windows(texts[i], first_document + i, windows);
  std::vector<Sequence> sequences;
  for (const Window& window : windows) sequences.push_back({.ids = window.ids, .type_ids = {}});
  MaskedLmScore score;
  score.documents = static_cast<int64_t>(texts.size());
  run_batches(*impl_->model.impl().encoder, sequences,
              [&](const TokenBatch& batch, const Matrix& hidden, size_t first) {
                std::vector<int32_t> labels, bytes;
                for (int32_t b = 0; b < batch.sequences(); ++b) {
                  const Window& window = windows[first + b];
                  labels.insert(labels.end(), window.labels.begin(), window.labels.end());
                  bytes.insert(bytes.end(), window.bytes.begin(), window.bytes.end());
                }
                impl_->score_rows(labels, bytes, hidden, score);
              });
  return score;
}

}  // namespace modernbert
