// Measures of a trained model on given text. `evaluate mlm`: how well it predicts masked tokens.
#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "cli/corpus_files.h"
#include "cli/failure.h"
#include "cli/json_output.h"
#include "cli/option_group.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "cli/verbs/verbs.h"
#include "core/fail.h"
#include "corpus/corpus_reader.h"
#include "tasks/masked_lm_score.h"

namespace modernbert::cli {
namespace evaluate_verb {
namespace {

// Enough text for several batches, little enough to show progress on long runs.
constexpr size_t kBlockBytes = size_t{256} << 10;

struct Options {
  ModelOptions model;
  std::vector<std::string> texts;
  DocumentOptions documents;
  MaskedLmScoreOptions score;
  bool all_mask = false;
  bool json = false;
};

void print_result(const Options& options, const MaskedLmScore& score, ByteWriter& out) {
  const auto tokens = static_cast<double>(score.tokens);
  const double loss = score.loss / tokens, loss_per_byte = score.loss / static_cast<double>(score.bytes);
  const double accuracy = static_cast<double>(score.correct) / tokens;
  if (!options.json) {
    out.write(
        fmt::format("loss {:.4f} nats per masked token, {:.4f} per byte; perplexity {:.3f}; accuracy "
                    "{:.2f} %; {} masked tokens in {} documents\n",
                    loss, loss_per_byte, std::exp(loss), 100 * accuracy, score.tokens, score.documents));
    return;
  }
  OutJson object;
  object["loss"] = static_cast<float>(loss);
  object["loss_per_byte"] = static_cast<float>(loss_per_byte);
  object["perplexity"] = static_cast<float>(std::exp(loss));
  object["accuracy"] = static_cast<float>(accuracy);
  object["tokens"] = score.tokens;
  object["bytes"] = score.bytes;
  object["documents"] = score.documents;
  object["mask_rate"] = static_cast<float>(options.score.masking.rate);
  object["seed"] = options.score.seed;
  write_json_line(out, object);
}

MaskedLmScore score_files(const Options& options, const Session& session,
                          const std::vector<std::filesystem::path>& files) {
  const MaskedLmScorer scorer(session.model(), options.score);
  const ByteProgress progress("evaluating", total_bytes(files), !options.model.folder.quiet);
  CorpusReader reader(files, options.documents);
  std::vector<CorpusRecord> block;
  MaskedLmScore total;
  while (reader.next_block(kBlockBytes, block)) {
    const auto texts = reader.texts(block, session.model().threads());
    total += scorer(texts, static_cast<uint64_t>(total.documents));
    const double loss = total.loss / static_cast<double>(std::max<int64_t>(total.tokens, 1));
    progress.show(reader.file_bytes_read(), fmt::format("loss {:.3f}", loss));
  }
  return total;
}

int run(Options options, const std::vector<std::string>& arguments, ByteWriter& out) {
  if (arguments.size() != 1 || arguments[0] != "mlm") {
    throw UsageError(fmt::format("evaluate: what is \"{}\", want mlm", fmt::join(arguments, " ")));
  }
  if (options.all_mask) {
    options.score.masking.mask_share = 1;
    options.score.masking.random_share = 0;
  }
  const auto files = corpus_files(options.texts);
  const Session session(options.model);
  const MaskedLmScore score = score_files(options, session, files);
  if (score.tokens == 0) {
    fail(ErrorCode::kInvalidArgument, "no token was masked: too little text for a mask rate of {}",
         options.score.masking.rate);
  }
  print_result(options, score, out);
  return 0;
}

RunVerb declare(CommandLine& line) {
  auto options = std::make_shared<Options>();
  add_model_options(line, options->model);
  OptionGroup(line, "Input")
      .texts("--text", options->texts, "FILE", "File or folder of text; may be given several times")
      .required();
  add_document_options(line, options->documents);
  OptionGroup masking(line, "Masking");
  masking.number("--mask-rate", options->score.masking.rate, {0.0, 1.0}, "RATE",
                 "Share of the tokens that are predicted");
  masking.number("--seed", options->score.seed, "N", "Which tokens those are");
  masking.flag("--all-mask", options->all_mask,
               "[MASK] in the place of all of them, instead of 80 % [MASK], 10 % random, 10 % unchanged");
  masking.flag("--whole-words", options->score.masking.whole_words, "Predict the tokens of a word together");
  masking.number("--max-length", options->score.max_length, {0, 1 << 24}, "N",
                 "Tokens of the windows that documents are read in; 0 = the model's limit");
  add_json_flag(line, options->json);
  return [options, &line](ByteWriter& out) { return run(*options, line.texts(), out); };
}

}  // namespace
}  // namespace evaluate_verb

const Verb kEvaluate{"evaluate", "mlm", "Loss and accuracy of a model on masked text",
                     evaluate_verb::declare};

}  // namespace modernbert::cli
