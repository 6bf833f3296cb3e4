// The program `modernbert`: finds the verb, runs it, turns failures into one line and an exit code.
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "cli/byte_writer.h"
#include "cli/command_line.h"
#include "cli/failure.h"
#include "cli/verbs/verbs.h"

namespace modernbert::cli {
namespace {

std::string overview() {
  std::string text =
      "ModernBERT encoders: from text to tokens, embeddings, labels and answers.\n\n"
      "Usage: modernbert VERB [OPTIONS] [TEXT...]\n\nVerbs:\n";
  for (const Verb* verb : all_verbs()) text += fmt::format("  {:<17}{}\n", verb->name, verb->summary);
  text +=
      "\nmodernbert VERB --help lists a verb's options; modernbert --version prints the version.\n"
      "Texts come from arguments, from lines of standard input, or from a field of JSON lines (--jsonl "
      "FIELD).\n";
  return text;
}

const Verb& find_verb(const std::string& name) {
  std::vector<std::string> names;
  for (const Verb* verb : all_verbs()) {
    if (verb->name == name) return *verb;
    names.emplace_back(verb->name);
  }
  throw UsageError(fmt::format("unknown {} \"{}\"{} (modernbert --help lists the verbs)",
                               name.starts_with('-') ? "option" : "verb", name, suggestion(name, names)));
}

int run_verb(const Verb& verb, std::vector<std::string> arguments, ByteWriter& out) {
  CommandLine line(verb);
  const RunVerb run = verb.declare(line);
  if (line.parse(std::move(arguments))) return run(out);
  out.write(line.help());
  return kExitSuccess;
}

int run_program(std::vector<std::string> arguments, ByteWriter& out) {
  if (arguments.empty()) throw UsageError("no verb given (modernbert --help lists them)");
  const std::string first = arguments.front();
  arguments.erase(arguments.begin());
  if (first == "--help" || first == "-h") {
    out.write(overview());
    return kExitSuccess;
  }
  if (first == "--version") {
    out.write("modernbert " MODERNBERT_VERSION "\n");
    return kExitSuccess;
  }
  return run_verb(find_verb(first), std::move(arguments), out);
}

}  // namespace
}  // namespace modernbert::cli

int main(int argc, char** argv) {
  using namespace modernbert::cli;
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of write()
  try {
    ByteWriter out(STDOUT_FILENO, "standard output");
    const int code = run_program({argv + (argc > 0 ? 1 : 0), argv + argc}, out);
    out.flush();
    return code;
  } catch (...) {
    return report_current_exception();
  }
}
