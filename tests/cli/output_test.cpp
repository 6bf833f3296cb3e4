// Where answers go: closed pipes, full disks, .npy and .jsonl files that are whole or absent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <thread>

#include "program.h"
#include "tiny_model.h"

namespace modernbert::testing {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Arguments kEmbed = {"embed", "-m", nano(), "--dtype", "fp32", "--truncate-dim", "8"};

Arguments embed_with(const Arguments& more) {
  Arguments all = kEmbed;
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// Some short texts, one a line.
std::string texts(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += "text " + std::to_string(i) + "\n";
  return lines;
}

std::vector<std::vector<double>> embeddings(const Result& result) {
  std::vector<std::vector<double>> rows;
  for (const json& line : result.json_lines()) rows.push_back(line.at("embedding"));
  return rows;
}

constexpr size_t kNpyHeader = 128;

std::string npy_header(const std::string& content) {
  EXPECT_EQ(content.substr(0, 10), std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  return content.substr(10, kNpyHeader - 10);
}

TEST(StandardOutput, AClosedPipeEndsQuietly) {
  Child child({"tokenize", "-m", nano(), "--json"});
  const std::string lines = texts(1000);
  child.write(lines);
  child.read_line();
  child.close_output();
  for (int i = 0; i < 100; ++i) child.write(lines);
  child.close_input();
  const Result result = child.wait();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.signal, 0);
  EXPECT_EQ(result.err, "");
}

TEST(StandardOutput, AFullDiskIsAnError) {
  expect_failure(run_program({"tokenize", "-m", nano(), "--json", "a"}, "", "/dev/full"),
                 "No space left on device");
  expect_failure(run_program({"--help"}, "", "/dev/full"), "standard output");
}

TEST(NpyFile, HoldsTheSameNumbersAsJson) {
  const TemporaryFolder folder;
  const auto rows = embeddings(run_program(embed_with({"--json"}), texts(5)));
  const Result result = run_program(embed_with({"--output", folder.file("x.npy")}), texts(5));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "");
  const std::string content = read_bytes(folder.file("x.npy"));
  EXPECT_THAT(npy_header(content), HasSubstr("{'descr': '<f4', 'fortran_order': False, 'shape': (5, 8), }"));
  EXPECT_EQ(npy_header(content).back(), '\n');
  ASSERT_EQ(content.size(), kNpyHeader + 5 * 8 * sizeof(float));
  for (size_t i = 0; i < 40; ++i) {
    float value = 0;
    std::memcpy(&value, content.data() + kNpyHeader + i * sizeof value, sizeof value);
    EXPECT_EQ(value, static_cast<float>(rows[i / 8][i % 8])) << i;
  }
  EXPECT_THAT(folder.names(), ElementsAre("x.npy"));
}

TEST(NpyFile, NoTextsMakeAnEmptyArray) {
  const TemporaryFolder folder;
  EXPECT_EQ(run_program(embed_with({"--output", folder.file("x.npy")})).exit_code, 0);
  EXPECT_THAT(npy_header(read_bytes(folder.file("x.npy"))), HasSubstr("'shape': (0, 8)"));
}

TEST(JsonlFile, EqualsStandardOutput) {
  const TemporaryFolder folder;
  run_program(embed_with({"--output", folder.file("x.jsonl")}), texts(3));
  const Result printed = run_program(embed_with({"--output", "-"}), texts(3));
  EXPECT_EQ(printed.lines().size(), 3u);
  EXPECT_EQ(read_bytes(folder.file("x.jsonl")), printed.out);
}

// int8: floor((x - low) / ((high - low) / 255)) - 128 over the range of each dimension.
TEST(Precision, Int8TakesItsRangesFromAllTexts) {
  const TemporaryFolder folder;
  constexpr int kTexts = 5000;  // more than are quantised at a time
  const TemporaryFolder model;
  write_tiny_model(model.path(), {"ModernBertModel", {}});
  const Arguments short_embed = {"embed", "-m", model.path(), "--dtype", "fp32", "--truncate-dim", "2"};
  const auto with = [&](Arguments more) {
    more.insert(more.begin(), short_embed.begin(), short_embed.end());
    return run_program(more, texts(kTexts));
  };
  const auto exact = embeddings(with({"--json"}));
  with({"--precision", "int8", "--output", folder.file("x.npy")});
  const std::string content = read_bytes(folder.file("x.npy"));
  EXPECT_THAT(npy_header(content), HasSubstr("'|i1', 'fortran_order': False, 'shape': (5000, 2)"));
  for (size_t j = 0; j < 2; ++j) {
    float low = static_cast<float>(exact[0][j]), high = low;
    for (const auto& row : exact) {
      low = std::min(low, static_cast<float>(row[j]));
      high = std::max(high, static_cast<float>(row[j]));
    }
    const float step = (high - low) / 255.0f;
    for (size_t i = 0; i < kTexts; ++i) {
      const float bucket = std::floor((static_cast<float>(exact[i][j]) - low) / step);
      const auto value = static_cast<int8_t>(content[kNpyHeader + 2 * i + j]);
      ASSERT_EQ(value, std::min(bucket, 255.0f) - 128) << i << "," << j;
    }
  }
  // With the embeddings as calibration, the same.
  with({"--output", folder.file("exact.npy")});
  with({"--precision", "int8", "--calibration", folder.file("exact.npy"), "--output", folder.file("y.npy")});
  EXPECT_EQ(read_bytes(folder.file("y.npy")), content);
}

TEST(Precision, BinaryPacksSigns) {
  const auto exact = embeddings(run_program(embed_with({"--json", "a"})));
  int bits = 0;
  for (const double value : exact.at(0)) bits = 2 * bits + (value > 0 ? 1 : 0);
  const auto unsigned_bits = embeddings(run_program(embed_with({"--json", "--precision", "ubinary", "a"})));
  EXPECT_THAT(unsigned_bits.at(0), ElementsAre(bits));
  const auto signed_bits = embeddings(run_program(embed_with({"--json", "--precision", "binary", "a"})));
  EXPECT_THAT(signed_bits.at(0), ElementsAre(bits - 128));
}

TEST(Calibration, RefusesForeignFiles) {
  const TemporaryFolder folder;
  write_bytes(folder.file("x.npy"), "not an array");
  expect_failure(
      run_program(embed_with({"--precision", "int8", "--calibration", folder.file("x.npy"), "--json", "a"})),
      "x.npy");
}

TEST(OutputFile, FailuresLeaveNothingBehind) {
  const TemporaryFolder folder;
  write_bytes(folder.file("old.npy"), "as it was");
  const std::string bad = texts(10) + "\xff\n";
  expect_failure(run_program(embed_with({"--output", folder.file("old.npy")}), bad), "line 11");
  expect_failure(run_program(embed_with({"--output", folder.file("new.jsonl")}), bad), "line 11");
  EXPECT_THAT(folder.names(), ElementsAre("old.npy"));
  EXPECT_EQ(read_bytes(folder.file("old.npy")), "as it was");
}

TEST(OutputFile, UnwritablePlacesAreErrors) {
  const TemporaryFolder folder;
  expect_failure(run_program(embed_with({"--output", folder.file("no/such/x.npy"), "a"})), "no/such/x.npy");
  std::filesystem::create_directory(folder.path() / "folder.npy");
  expect_failure(run_program(embed_with({"--output", folder.file("folder.npy"), "a"})), "folder.npy");
}

TEST(OutputFile, AnInterruptLeavesNothingBehind) {
  const TemporaryFolder folder;
  Child child(embed_with({"--output", folder.file("x.npy"), "--threads", "1"}));
  child.write("a text\n");
  for (int i = 0; i < 600 && folder.names().empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  ASSERT_FALSE(folder.names().empty()) << "the temporary file never came";
  EXPECT_NE(folder.names()[0], "x.npy");
  child.send_signal(SIGINT);
  EXPECT_EQ(child.wait().signal, SIGINT);
  EXPECT_THAT(folder.names(), IsEmpty());
}

// Whether the process runs the program by now, which has a handler for the signal. (Some shells have one
// too.)
bool program_catches(pid_t process, int signal) {
  const std::string folder = "/proc/" + std::to_string(process);
  if (!read_bytes(folder + "/cmdline").starts_with(program_path())) return false;
  const std::string status = read_bytes(folder + "/status"), key = "SigCgt:";
  const size_t found = status.find(key);
  if (found == std::string::npos) return false;
  return (std::stoull(status.substr(found + key.size()), nullptr, 16) >> (signal - 1) & 1) != 0;
}

// The temporary file is a pipe that nobody reads: the program waits for ever in opening it.
TEST(OutputFile, AnInterruptWhileTheFileIsOpenedLeavesNothingBehind) {
  const TemporaryFolder folder;
  Command command{{"sh", "-c", "mkfifo \"$0.tmp$$\" && exec \"$@\"", folder.file("x.npy"), program_path()}};
  const Arguments arguments = embed_with({"--output", folder.file("x.npy"), "a"});
  command.words.insert(command.words.end(), arguments.begin(), arguments.end());
  Child child(command);
  for (int i = 0; i < 600 && !program_catches(child.pid(), SIGINT); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  ASSERT_TRUE(program_catches(child.pid(), SIGINT)) << "opened before an interrupt is caught";
  child.send_signal(SIGINT);
  EXPECT_EQ(child.wait().signal, SIGINT);
  EXPECT_THAT(folder.names(), IsEmpty());
}

}  // namespace
}  // namespace modernbert::testing
