#include "program.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <sstream>

#include "shared_files.h"

namespace modernbert::testing {
namespace {

// Our environment without the variables that would change what the program does.
std::vector<std::string> child_environment() {
  std::vector<std::string> variables = {"HF_HUB_OFFLINE=1"};
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    if (!text.starts_with("HF_")) variables.push_back(text);
  }
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

pid_t spawn(Arguments command, int input, int output, int error) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, error, STDERR_FILENO);
  std::vector<std::string> environment = child_environment();
  pid_t pid = -1;
  const int status = posix_spawnp(&pid, command[0].c_str(), &actions, nullptr, pointers(command).data(),
                                  pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  EXPECT_EQ(status, 0) << "cannot start " << command[0];
  return pid;
}

Result wait_for(pid_t pid) {
  int status = 0;
  rusage usage{};
  wait4(pid, &status, 0, &usage);
  Result result;
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  result.max_rss_kb = usage.ru_maxrss;
  return result;
}

int open_file(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  EXPECT_GE(fd, 0) << path;
  return fd;
}

Arguments with_program(const Arguments& arguments) {
  Arguments command = {program_path()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

Result run(const Arguments& command, const std::string& input, const std::string& out_path) {
  const TemporaryFolder folder;
  write_bytes(folder.file("in"), input);
  const std::string out = out_path.empty() ? folder.file("out") : out_path;
  const int fds[] = {open_file(folder.file("in"), O_RDONLY), open_file(out, O_WRONLY | O_CREAT),
                     open_file(folder.file("err"), O_WRONLY | O_CREAT)};
  Result result = wait_for(spawn(command, fds[0], fds[1], fds[2]));
  for (const int fd : fds) ::close(fd);
  if (out_path.empty()) result.out = read_bytes(out);
  result.err = read_bytes(folder.file("err"));
  return result;
}

}  // namespace

std::string program_path() {
  return std::string(MODERNBERT_BINARY_DIR) + "/bin/modernbert";
}

std::vector<std::string> Result::lines() const {
  std::vector<std::string> list;
  std::istringstream stream(out);
  for (std::string line; std::getline(stream, line);) list.push_back(line);
  return list;
}

std::vector<nlohmann::json> Result::json_lines() const {
  std::vector<nlohmann::json> list;
  for (const std::string& line : lines()) list.push_back(nlohmann::json::parse(line));
  return list;
}

Result run_program(const Arguments& arguments, const std::string& input, const std::string& out_path) {
  return run(with_program(arguments), input, out_path);
}

Result run_command(const Arguments& command) {
  return run(command, "", "");
}

Child::Child(const Arguments& arguments) : Child(Command{with_program(arguments)}) {}

Child::Child(const Command& command) {
  std::signal(SIGPIPE, SIG_IGN);  // the child may go before we do
  int in[2], out[2];
  EXPECT_EQ(::pipe2(in, O_CLOEXEC), 0);
  EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
  err_path_ = std::filesystem::temp_directory_path() / ("modernbert_err_" + std::to_string(::getpid()));
  const int error = open_file(err_path_, O_WRONLY | O_CREAT | O_TRUNC);
  pid_ = spawn(command.words, in[0], out[1], error);
  ::close(in[0]);
  ::close(out[1]);
  ::close(error);
  input_ = in[1];
  output_ = out[0];
}

Child::~Child() {
  close_input();
  close_output();
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    wait_for(pid_);
  }
  std::filesystem::remove(err_path_);
}

void Child::write(const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    const ssize_t n = ::write(input_, text.data() + done, text.size() - done);
    if (n <= 0) return;  // it has gone: the caller sees that in wait()
    done += static_cast<size_t>(n);
  }
}

void Child::close_input() {
  if (input_ >= 0) ::close(input_);
  input_ = -1;
}

void Child::close_output() {
  if (output_ >= 0) ::close(output_);
  output_ = -1;
}

std::string Child::read_line() {
  constexpr int kTimeoutMs = 60'000;
  for (;;) {
    const size_t end = buffer_.find('\n');
    if (end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    pollfd entry{.fd = output_, .events = POLLIN, .revents = 0};
    char bytes[4096];
    const ssize_t n = ::poll(&entry, 1, kTimeoutMs) > 0 ? ::read(output_, bytes, sizeof bytes) : 0;
    if (n <= 0) {
      ADD_FAILURE() << "no line on standard output; standard error: " << read_bytes(err_path_);
      return "";
    }
    buffer_.append(bytes, static_cast<size_t>(n));
  }
}

void Child::send_signal(int signal) {
  ::kill(pid_, signal);
}

Result Child::wait() {
  Result result = wait_for(pid_);
  pid_ = -1;
  result.err = read_bytes(err_path_);
  return result;
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "modernbert_cli_XXXXXX").string();
  path_ = ::mkdtemp(pattern.data());
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<std::string> TemporaryFolder::names() const {
  std::vector<std::string> list;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    list.push_back(entry.path().filename().string());
  }
  return list;
}

std::string nano() {
  return (source_dir() / "models" / "nano").string();
}

std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_bytes(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

size_t count_lines(const std::string& text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

void expect_failure(const Result& result, const std::string& part) {
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(count_lines(result.err), 1u) << result.err;
  EXPECT_THAT(result.err, ::testing::StartsWith("modernbert: "));
  EXPECT_THAT(result.err, ::testing::HasSubstr(part));
}

void expect_usage_error(const Result& result, const std::string& part) {
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(count_lines(result.err), 1u) << result.err;
  EXPECT_THAT(result.err, ::testing::StartsWith("modernbert: "));
  EXPECT_THAT(result.err, ::testing::HasSubstr(part));
}

}  // namespace modernbert::testing
