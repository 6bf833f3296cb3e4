// What declared options look like in the help, and the errors of wrong values, to the letter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.h"

namespace modernbert::testing {
namespace {

using ::testing::HasSubstr;

std::string help_of(const std::string& verb) {
  return run_program({verb, "--help"}).out;
}

void expect_error(const Arguments& arguments, const std::string& message) {
  const Result result = run_program(arguments);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, "modernbert: " + message + "\n");
}

TEST(OptionGroup, HelpOfAVerb) {
  EXPECT_EQ(help_of("average"),
            "The mean of several checkpoints' weights\n"
            "Usage: modernbert average [OPTIONS] CHECKPOINT...\n\n"
            "Options:\n"
            "  -h,--help                         Print this help and exit\n\n\n"
            "Output:\n"
            "  -o,--output DIR REQUIRED          New folder of the averaged model\n"
            "  --dtype fp32|bf16=fp32            How weights are stored\n\n");
}

TEST(OptionGroup, HelpShowsRangesAndDefaults) {
  const std::string design = help_of("design");
  EXPECT_THAT(design, HasSubstr("\n  --length N:INT in [1 - 16384]=512 Tokens of the text\n"));
  EXPECT_THAT(design, HasSubstr("\n  --latency MS:FLOAT in [0.01 - 1e+06] Excludes: --parameters\n"));
  EXPECT_THAT(design, HasSubstr("\n  --parameters N Excludes: --latency\n"));
  EXPECT_THAT(design, HasSubstr("\n  --experiment FILE                 Write"));
  const std::string evaluate = help_of("evaluate");
  EXPECT_THAT(evaluate, HasSubstr("\n  -m,--model MODEL (Env:MODERNBERT_MODEL)\n"));
  EXPECT_THAT(evaluate, HasSubstr("\n  --text FILE=[] REQUIRED           File"));
  EXPECT_THAT(evaluate, HasSubstr("\nMasking:\n  --mask-rate RATE:FLOAT in [0 - 1]=0.15\n"));
  EXPECT_THAT(evaluate, HasSubstr("\n  --seed N=0                        Which"));
  EXPECT_THAT(help_of("bench"), HasSubstr("\n  --workload NAME=fixed512 ...      queries"));
  EXPECT_THAT(help_of("embed"), HasSubstr("\n  --prompt TEXT                     Text"));
  EXPECT_THAT(help_of("experiment"), HasSubstr("\n  -o,--output DIR                   Folder"));
  EXPECT_THAT(help_of("classify"), HasSubstr("\n  --top-k N:INT in [0 - 1048576]    Labels"));
}

TEST(OptionGroup, RefusesNumbersOutOfRange) {
  expect_error({"design", "--length", "0"}, "design: --length: Value 0 not in range 1 to 16384");
  expect_error({"design", "--length", "many"}, "design: --length: Value many not in range 1 to 16384");
  expect_error({"design", "--min-layers", "129"}, "design: --min-layers: Value 129 not in range 1 to 128");
  expect_error({"design", "--top", "1.5"}, "design: --top: Value 1.5 not in range 1 to 1000");
  expect_error({"tokenize-corpus", "--held-out", "1"},
               "tokenize-corpus: --held-out: Value 1 not in range 0.000000 to 0.990000");
  for (const std::string seed : {"x", "-1", "1.5", "18446744073709551616"}) {
    expect_error({"evaluate", "--text", "x", "--seed", seed},
                 "evaluate: --seed: Value " + seed + " not in range 0 to 18446744073709551615");
  }
  expect_error({"train-tokenizer", "--min-frequency", "-1"},
               "train-tokenizer: --min-frequency: Value -1 not in range 0 to 1073741824");
}

TEST(OptionGroup, RefusesTextsThatDoNotParse) {
  expect_error({"design", "--dtype", "fp8"},
               "design: --dtype: dtype is \"fp8\", want one of auto, fp32, bf16, int8");
  expect_error({"design", "--parameters", "many"},
               "design: --parameters: parameters is \"many\", want a count like 150M, 1.2B or 395000000");
  expect_error({"ner", "--aggregation", ""},
               "ner: --aggregation: aggregation is \"\", want none, simple, first, average or max");
  expect_error({"design", "--measure=maybe"}, "design: Could not convert: --measure = maybe");
}

TEST(OptionGroup, RefusesWrongNumbersOfOptions) {
  expect_error({"average"}, "average: --output is required");
  expect_error({"design", "--parameters", "150M", "--latency", "3"},
               "design: --parameters excludes --latency");
  expect_error({"embed", "--prompt", "a", "--prompt", "b"},
               "embed: --prompt: At Most 1 required but received 2");
  expect_error({"design", "--length"}, "design: --length: 1 required N:INT in [1 - 16384] missing");
  expect_error({"experiment", "--set"}, "experiment: --set: 1 required FIELD=VALUE missing");
}

}  // namespace
}  // namespace modernbert::testing
