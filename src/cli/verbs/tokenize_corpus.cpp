// Text files to tokenized shards for training.
#include <fmt/format.h>

#include <memory>

#include "cli/corpus_files.h"
#include "cli/failure.h"
#include "cli/json_output.h"
#include "cli/model_options.h"
#include "cli/progress.h"
#include "cli/verbs/verbs.h"
#include "corpus/prepare_dataset.h"

namespace modernbert::cli {
namespace {

struct Options {
  std::string tokenizer;
  std::string output;
  PrepareOptions prepare;
  uint64_t shard_megabytes = 64;
  bool quiet = false;
  bool json = false;
};

uint64_t sum_tokens(const std::vector<ShardFile>& shards) {
  uint64_t tokens = 0;
  for (const ShardFile& shard : shards) tokens += shard.tokens;
  return tokens;
}

void print_result(const Options& options, const DatasetIndex& index, ByteWriter& out) {
  const uint64_t held_out = sum_tokens(index.held_out);
  if (options.json) {
    OutJson object;
    object["folder"] = options.output;
    object["documents"] = index.documents();
    object["tokens"] = index.tokens();
    object["held_out_tokens"] = held_out;
    object["shards"] = index.train.size();
    return write_json_line(out, object);
  }
  out.write(fmt::format("{}: {} documents, {} tokens ({} held out), {} shards\n", options.output,
                        index.documents(), index.tokens(), held_out, index.train.size()));
}

int run(Options options, const std::vector<std::string>& arguments, ByteWriter& out) {
  const auto files = corpus_files(arguments);
  options.prepare.shard_bytes = options.shard_megabytes << 20;
  const ByteProgress bar("tokenizing", total_bytes(files), !options.quiet);
  options.prepare.progress = [&](const PrepareProgress& progress) {
    bar.show(progress.bytes, fmt::format("{} documents", progress.documents), progress.bytes_skipped);
  };
  print_result(options, prepare_dataset(files, options.tokenizer, options.output, options.prepare), out);
  return 0;
}

RunVerb declare(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.app;
  const char* const group = "Data set";
  app.add_option("--tokenizer", options->tokenizer, "Folder with tokenizer.json, or the file")
      ->type_name("DIR")
      ->required()
      ->group(group);
  app.add_option("--output,-o", options->output, "Folder of the data set; an interrupted run goes on in it")
      ->type_name("DIR")
      ->required()
      ->group(group);
  app.add_option("--held-out", options->prepare.held_out_share, "Share of the documents kept for evaluation")
      ->type_name("SHARE")
      ->check(CLI::Range(0.0, 0.99))
      ->group(group);
  app.add_option("--shard-size", options->shard_megabytes, "MiB of text in a shard")
      ->type_name("MIB")
      ->check(CLI::Range(1, 4096))
      ->group(group);
  add_document_options(app, options->prepare.documents);
  add_threads_option(app, options->prepare.threads);
  app.add_flag("--quiet,-q", options->quiet, "No progress on standard error")->group("Output");
  add_json_flag(app, options->json);
  return [options, &line](ByteWriter& out) { return run(*options, line.texts, out); };
}

}  // namespace

const Verb kTokenizeCorpus{"tokenize-corpus", "FILE...", "Tokenized shards for training, from text files",
                           declare};

}  // namespace modernbert::cli
