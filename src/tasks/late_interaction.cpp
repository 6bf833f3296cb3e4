#include "modernbert/late_interaction.h"

#include <algorithm>

#include "core/fail.h"
#include "tasks/multi_vector_config.h"
#include "tasks/scores.h"
#include "tasks/sentence_transformers/module_pipeline.h"
#include "tasks/windows.h"

namespace modernbert {
namespace {

// What the encoder gets for one window.
struct MarkedWindow {
  std::vector<int32_t> ids;
  std::vector<int32_t> type_ids;
  int32_t visible = 0;  // tokens seen as keys
};

MarkedWindow mark(const Encoding& encoding, std::optional<int32_t> marker) {
  MarkedWindow window{encoding.ids, encoding.type_ids, 0};
  if (marker) {
    const ptrdiff_t at = window.ids.empty() ? 0 : 1;
    window.ids.insert(window.ids.begin() + at, *marker);
    window.type_ids.insert(window.type_ids.begin() + at, 0);
  }
  window.visible = static_cast<int32_t>(window.ids.size());
  return window;
}

// Where the vectors of a text come from: its whole encoding with the marker behind the first token.
std::vector<TokenSource> marked_sources(const TextWindows& text, bool marker) {
  std::vector<TokenSource> sources = stitch(text);
  if (!marker) return sources;
  for (TokenSource& source : sources) source.row += source.row > 0 ? 1 : 0;
  sources.insert(sources.begin() + 1, TokenSource{0, 1});
  return sources;
}

}  // namespace

struct LateInteraction::Impl {
  Model model;
  Tokenizer tokenizer;
  MultiVectorConfig config;
  ModulePipeline pipeline;

  explicit Impl(Model m)
      : model(std::move(m)),
        tokenizer(sentence_tokenizer(model)),
        config(read_multi_vector_config(model, tokenizer)),
        pipeline(ModulePipeline::load(model.folder(), *model.impl().encoder, ModuleLevel::kTokens)) {}

  std::vector<MultiVector> encode(std::span<const std::string> texts, const MultiVectorSide& side,
                                  LongInput mode, int32_t expansion_length) const;
  void expand(MarkedWindow& window, std::vector<TokenSource>& sources, int32_t length) const;
};

void LateInteraction::Impl::expand(MarkedWindow& window, std::vector<TokenSource>& sources,
                                   int32_t length) const {
  while (static_cast<int32_t>(window.ids.size()) < length) {
    sources.push_back({0, static_cast<int32_t>(window.ids.size())});
    window.ids.push_back(config.expansion_token);
    window.type_ids.push_back(0);
  }
  if (config.attend_to_expansion) window.visible = static_cast<int32_t>(window.ids.size());
}

std::vector<MultiVector> LateInteraction::Impl::encode(std::span<const std::string> texts,
                                                       const MultiVectorSide& side, LongInput mode,
                                                       int32_t expansion_length) const {
  std::vector<std::string> prompted;
  if (!side.prompt.empty()) {
    for (const std::string& text : texts) prompted.push_back(side.prompt + text);
    texts = prompted;
  }
  const WindowOptions options{.mode = mode,
                              .max_length = model.impl().input_limit(side.max_length) - (side.marker ? 1 : 0),
                              .overlap = LongInputOptions().overlap};
  const std::vector<TextWindows> windows = encode_texts(tokenizer, texts, options, model.threads());

  std::vector<MarkedWindow> marked;
  std::vector<std::vector<TokenSource>> sources;  // of every text
  for (const TextWindows& text : windows) {
    sources.push_back(marked_sources(text, side.marker.has_value()));
    for (const Encoding& window : text.windows) marked.push_back(mark(window, side.marker));
    if (expansion_length > 0) expand(marked.back(), sources.back(), expansion_length);  // queries: one window
  }
  std::vector<Sequence> sequences;
  for (const MarkedWindow& window : marked) {
    sequences.push_back({.ids = window.ids, .visible = window.visible});
    if (model.impl().uses_type_ids) sequences.back().type_ids = window.type_ids;
  }

  std::vector<Matrix> vectors;  // [tokens, dim] of every window
  run_batches(*model.impl().encoder, sequences, [&](const TokenBatch& batch, Matrix hidden, size_t) {
    const Matrix rows = pipeline.run(std::move(hidden), batch.cu_seqlens, {}, kTokenEmbeddings);
    for (int32_t b = 0; b < batch.sequences(); ++b) {
      Matrix& window = vectors.emplace_back(batch.length(b), rows.cols());
      for (int32_t i = 0; i < batch.length(b); ++i) {
        const auto row = rows.row(batch.begin(b) + i);
        std::copy(row.begin(), row.end(), window.row(i).begin());
        l2_normalize(window.row(i));
      }
    }
  });

  std::vector<MultiVector> results;
  size_t first = 0;  // window of the text
  for (size_t i = 0; i < texts.size(); ++i) {
    MultiVector& result = results.emplace_back();
    result.dim = static_cast<int32_t>(pipeline.width(kTokenEmbeddings));
    for (const TokenSource& source : sources[i]) {
      const int32_t id = marked[first + source.window].ids[source.row];
      if (side.skiplist.contains(id)) continue;
      const auto row = vectors[first + source.window].row(source.row);
      result.values.insert(result.values.end(), row.begin(), row.end());
      result.token_ids.push_back(id);
    }
    first += windows[i].windows.size();
  }
  return results;
}

LateInteraction::LateInteraction(Model model) : impl_(std::make_shared<const Impl>(std::move(model))) {}

bool LateInteraction::describes(const Model& model) {
  refuse_stanford_colbert(model);
  return is_multi_vector_folder(model.folder());
}

std::vector<MultiVector> LateInteraction::encode_queries(std::span<const std::string> texts,
                                                         LongInput mode) const {
  if (mode == LongInput::kChunk) {
    fail(ErrorCode::kInvalidArgument,
         "queries of a late-interaction model cannot be chunked, want error or truncate");
  }
  return impl_->encode(texts, impl_->config.query, mode, impl_->config.expansion_length);
}

std::vector<MultiVector> LateInteraction::encode_documents(std::span<const std::string> texts,
                                                           LongInput mode) const {
  return impl_->encode(texts, impl_->config.document, mode, 0);
}

int32_t LateInteraction::dim() const {
  return static_cast<int32_t>(impl_->pipeline.width(kTokenEmbeddings));
}

float maxsim(const MultiVector& query, const MultiVector& document) {
  if (document.rows() == 0) return 0;
  if (query.rows() > 0 && query.dim != document.dim) {
    fail(ErrorCode::kInvalidArgument, "query and document vectors have {} and {} dimensions, want the same",
         query.dim, document.dim);
  }
  const auto dim = static_cast<size_t>(document.dim);
  double total = 0;
  for (size_t q = 0; q < query.rows(); ++q) {
    const float* a = query.values.data() + q * dim;
    double best = -1e30;
    for (size_t d = 0; d < document.rows(); ++d) {
      const float* b = document.values.data() + d * dim;
      double dot = 0;
      for (size_t j = 0; j < dim; ++j) dot += static_cast<double>(a[j]) * b[j];
      best = std::max(best, dot);
    }
    total += best;
  }
  return static_cast<float>(total);
}

}  // namespace modernbert
