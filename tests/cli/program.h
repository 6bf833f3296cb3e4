// The built program as a child process.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace modernbert::testing {

using Arguments = std::vector<std::string>;

struct Result {
  int exit_code = -1;  // -1: killed by `signal`
  int signal = 0;
  std::string out;
  std::string err;
  long max_rss_kb = 0;

  std::vector<std::string> lines() const;          // of `out`
  std::vector<nlohmann::json> json_lines() const;  // of `out`
};

// Runs to the end.   out_path: where standard output goes instead of Result::out.
Result run_program(const Arguments& arguments, const std::string& input = "",
                   const std::string& out_path = "");

// The same for another program, found on the PATH.
Result run_command(const Arguments& command);

struct Command {
  Arguments words;
};

// A program that still runs. Standard error is not read.
class Child {
 public:
  explicit Child(const Arguments& arguments);
  explicit Child(const Command& command);
  ~Child();  // kills it if it still runs
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void write(const std::string& text);
  void close_input();
  void close_output();
  // The next line of standard output; fails the test and returns "" when none comes in a minute.
  std::string read_line();
  void send_signal(int signal);
  Result wait();
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::string buffer_;
  std::filesystem::path err_path_;
};

// Removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::vector<std::string> names() const;  // of what is in it

 private:
  std::filesystem::path path_;
};

std::string program_path();
std::string nano();
std::string read_bytes(const std::filesystem::path& path);
void write_bytes(const std::filesystem::path& path, const std::string& content);
size_t count_lines(const std::string& text);

// Failure of the command itself: exit code 1, one line on standard error that holds `part`.
void expect_failure(const Result& result, const std::string& part);
// A wrong command line: exit code 2, the same otherwise, and nothing on standard output.
void expect_usage_error(const Result& result, const std::string& part);

}  // namespace modernbert::testing
