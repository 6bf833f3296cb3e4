#include "modernbert/ner.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/fail.h"
#include "core/utf8.h"
#include "model/heads.h"
#include "tasks/entities.h"
#include "tasks/prepared_texts.h"
#include "tasks/scores.h"
#include "tasks/windows.h"

namespace modernbert {
namespace {

// Whether a token continues the word before it. Tokenizers that mark continuations ("##") have the token
// longer than its text; for others, a token begins a word if a space is its first character or stands before
// it.
bool continues_word(const Tokenizer& tokenizer, std::string_view text, std::string_view token,
                    TextSpan bytes) {
  if (!tokenizer.continuing_subword_prefix().empty()) {
    const std::string_view covered = text.substr(bytes.begin, bytes.end - bytes.begin);
    return count_code_points(token) != count_code_points(covered);
  }
  if (bytes.begin == 0) return false;
  const bool space_before = text[bytes.begin - 1] == ' ';
  const bool space_first = static_cast<size_t>(bytes.begin) < text.size() && text[bytes.begin] == ' ';
  return !space_before && !space_first;
}

// Decoded tokens, with the text itself where a token is unknown.
std::string join_tokens(const Tokenizer& tokenizer, std::span<const ScoredToken> tokens) {
  std::vector<int32_t> ids;
  for (const ScoredToken& token : tokens) ids.push_back(token.id);
  std::string text = tokenizer.decode(ids, false);
  size_t from = 0;
  for (const ScoredToken& token : tokens) {
    if (!token.unknown) continue;
    const std::string marker = tokenizer.id_to_token(token.id);
    const size_t at = text.find(marker, from);
    if (marker.empty() || at == std::string::npos) continue;
    text.replace(at, marker.size(), token.word);
    from = at + token.word.size();
  }
  return text;
}

}  // namespace

Aggregation parse_aggregation(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, Aggregation>, 5> kNames{
      {{"none", Aggregation::kNone},
       {"simple", Aggregation::kSimple},
       {"first", Aggregation::kFirst},
       {"average", Aggregation::kAverage},
       {"max", Aggregation::kMax}}};
  for (const auto& [known, aggregation] : kNames) {
    if (name == known) return aggregation;
  }
  fail(ErrorCode::kInvalidArgument, "aggregation is \"{}\", want none, simple, first, average or max", name);
}

struct Ner::Impl {
  Model model;
  TokenClassifier head;
  explicit Impl(Model m) : model(std::move(m)), head(model.impl().encoder) {}

  // scores: [window] -> [tokens, labels].
  std::vector<ScoredToken> scored_tokens(std::string_view text, const TextWindows& windows,
                                         std::span<const Matrix> scores) const;
};

std::vector<ScoredToken> Ner::Impl::scored_tokens(std::string_view text, const TextWindows& windows,
                                                  std::span<const Matrix> scores) const {
  const Tokenizer& tokenizer = model.tokenizer();
  const auto unk_id = tokenizer.unk_id();
  std::vector<ScoredToken> tokens;
  int32_t index = -1;
  for (const TokenSource& source : stitch(windows)) {
    ++index;
    const Encoding& window = windows.windows[source.window];
    if (window.special_tokens_mask[source.row]) continue;
    const TextSpan bytes = window.byte_offsets[source.row];
    const auto row = scores[source.window].row(source.row);
    ScoredToken token{.id = window.ids[source.row],
                      .scores = {row.begin(), row.end()},
                      .index = index,
                      .offsets = window.offsets[source.row],
                      .byte_offsets = bytes};
    token.word = tokenizer.id_to_token(token.id);
    token.is_subword = continues_word(tokenizer, text, token.word, bytes);
    if (unk_id && token.id == *unk_id) {
      token.unknown = true;
      token.word = text.substr(bytes.begin, bytes.end - bytes.begin);
      token.is_subword = false;
    }
    tokens.push_back(std::move(token));
  }
  return tokens;
}

Ner::Ner(Model model) : impl_(std::make_shared<const Impl>(std::move(model))) {}

std::vector<std::vector<Entity>> Ner::operator()(std::span<const std::string> texts,
                                                 const NerOptions& options) const {
  return run(prepare(texts, options), options);
}

PreparedTexts Ner::prepare(std::span<const std::string> texts, const NerOptions& options, int threads) const {
  const Model& model = impl_->model;
  const WindowOptions window = window_options(options.long_input, model.impl());
  return make_prepared(
      {.windows = encode_texts(model.tokenizer(), texts, window, threads == 0 ? model.threads() : threads),
       .texts = {texts.begin(), texts.end()}});
}

std::vector<std::vector<Entity>> Ner::run(const PreparedTexts& prepared, const NerOptions& options) const {
  const Model& model = impl_->model;
  const std::vector<TextWindows>& windows = prepared.impl().windows;
  const std::vector<std::string>& texts = prepared.impl().texts;
  const std::vector<Sequence> sequences = all_sequences(windows, model.impl());
  std::vector<Matrix> scores;  // one per window
  run_batches(*model.impl().encoder, sequences, [&](const TokenBatch& batch, Matrix hidden, size_t) {
    Matrix logits = impl_->head.logits(hidden.view());
    for (int32_t b = 0; b < batch.sequences(); ++b) {
      Matrix& window = scores.emplace_back(batch.length(b), logits.cols());
      for (int32_t i = 0; i < batch.length(b); ++i) softmax(logits.row(batch.begin(b) + i), window.row(i));
    }
  });

  std::vector<std::vector<Entity>> results;
  size_t first = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto own = std::span(scores).subspan(first, windows[i].windows.size());
    first += windows[i].windows.size();
    results.push_back(make_entities(
        impl_->scored_tokens(texts[i], windows[i], own), options.aggregation, model.config().id2label,
        options.ignore_labels,
        [&](std::span<const ScoredToken> tokens) { return join_tokens(model.tokenizer(), tokens); }));
  }
  return results;
}

}  // namespace modernbert
