#include "modernbert/fill_mask.h"

#include <algorithm>

#include "core/fail.h"
#include "model/heads.h"
#include "tasks/row_logits.h"
#include "tasks/scores.h"
#include "tasks/windows.h"

namespace modernbert {
namespace {

// A [MASK] of a text.
struct Mask {
  size_t text = 0;
  size_t number = 0;    // among the masks of its text
  size_t position = 0;  // in the text's whole encoding
  TokenSource source;
};

// The whole encoding's ids and where its masks are.
struct MaskedText {
  std::vector<int32_t> ids;
  std::vector<Mask> masks;
};

MaskedText find_masks(const TextWindows& text, size_t index, int32_t mask_id) {
  MaskedText found;
  for (const TokenSource& source : stitch(text)) {
    const int32_t id = text.windows[source.window].ids[source.row];
    if (id == mask_id) found.masks.push_back({index, found.masks.size(), found.ids.size(), source});
    found.ids.push_back(id);
  }
  if (found.masks.empty()) {
    const bool cut = text.windows.front().tokens_cut > 0;
    fail(ErrorCode::kInvalidArgument, "text {} has no mask token{}", index,
         cut ? " in the part that was kept" : "");
  }
  return found;
}

}  // namespace

struct FillMask::Impl {
  Model model;
  MaskedLm head;
  int32_t mask_id;

  explicit Impl(Model m) : model(std::move(m)), head(model.impl().encoder), mask_id(require_mask(model)) {}

  static int32_t require_mask(const Model& model) {
    const auto id = model.tokenizer().mask_id();
    if (!id) fail(ErrorCode::kNotFound, "{}: its tokenizer has no mask token", model.folder().string());
    return *id;
  }

  // The `top_k` best tokens for each of the rows.   rows: of hidden [T,H].
  std::vector<std::vector<FilledToken>> best_tokens(const Matrix& hidden, std::span<const int64_t> rows,
                                                    int top_k) const;
  void write_sequences(const MaskedText& text, FillMaskResult& result) const;
};

std::vector<std::vector<FilledToken>> FillMask::Impl::best_tokens(const Matrix& hidden,
                                                                  std::span<const int64_t> rows,
                                                                  int top_k) const {
  std::vector<std::vector<FilledToken>> results;
  visit_row_logits(head, hidden, rows, [&](size_t, std::span<float> scores) {
    softmax(scores, scores);
    auto& tokens = results.emplace_back();
    for (const int32_t id : top_indices(scores, static_cast<size_t>(top_k)))
      tokens.push_back({.token = id, .score = scores[id]});
  });
  return results;
}

// Hugging Face's pipeline leaves special tokens out of the sequence, but for several masks, where the others
// must stay visible, it keeps all of them.
void FillMask::Impl::write_sequences(const MaskedText& text, FillMaskResult& result) const {
  const Tokenizer& tokenizer = model.tokenizer();
  const auto pad_id = tokenizer.pad_id();
  for (const Mask& mask : text.masks) {
    for (FilledToken& filled : result.masks[mask.number]) {
      std::vector<int32_t> ids = text.ids;
      ids[mask.position] = filled.token;
      if (pad_id) std::erase(ids, *pad_id);
      filled.token_str = tokenizer.decode(std::span(&filled.token, 1), false);
      filled.sequence = tokenizer.decode(ids, text.masks.size() == 1);
    }
  }
}

FillMask::FillMask(Model model) : impl_(std::make_shared<const Impl>(std::move(model))) {}

std::vector<FillMaskResult> FillMask::operator()(std::span<const std::string> texts,
                                                 const FillMaskOptions& options) const {
  if (options.top_k < 1) fail(ErrorCode::kInvalidArgument, "top_k is {}, want at least 1", options.top_k);
  const Model::Impl& model = impl_->model.impl();
  const std::vector<TextWindows> windows = encode_texts(
      impl_->model.tokenizer(), texts, window_options(options.long_input, model), impl_->model.threads());

  std::vector<MaskedText> masked;
  std::vector<Sequence> sequences;             // only windows that answer a mask
  std::vector<std::vector<Mask>> of_sequence;  // their masks
  for (size_t i = 0; i < windows.size(); ++i) {
    masked.push_back(find_masks(windows[i], i, impl_->mask_id));
    int32_t window = -1;
    for (const Mask& mask : masked.back().masks) {
      if (mask.source.window != window) {
        window = mask.source.window;
        sequences.push_back(as_sequence(windows[i].windows[window], model));
        of_sequence.emplace_back();
      }
      of_sequence.back().push_back(mask);
    }
  }

  std::vector<FillMaskResult> results(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) results[i].masks.resize(masked[i].masks.size());
  run_batches(*model.encoder, sequences, [&](const TokenBatch& batch, Matrix hidden, size_t first) {
    std::vector<int64_t> rows;
    std::vector<Mask> masks;
    for (int32_t b = 0; b < batch.sequences(); ++b) {
      for (const Mask& mask : of_sequence[first + b]) {
        rows.push_back(batch.begin(b) + mask.source.row);
        masks.push_back(mask);
      }
    }
    auto best = impl_->best_tokens(hidden, rows, options.top_k);
    for (size_t i = 0; i < masks.size(); ++i)
      results[masks[i].text].masks[masks[i].number] = std::move(best[i]);
  });
  for (size_t i = 0; i < texts.size(); ++i) impl_->write_sequences(masked[i], results[i]);
  return results;
}

}  // namespace modernbert
