#include "hub/test_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace modernbert::testing {
namespace {

constexpr size_t kMaxRequestBytes = 64 << 10;

// Up to the empty line; "" if the client went away.
std::string read_head(int connection) {
  std::string text;
  while (text.find("\r\n\r\n") == std::string::npos && text.size() < kMaxRequestBytes) {
    char buffer[4096];
    const ssize_t n = ::recv(connection, buffer, sizeof buffer, 0);
    if (n <= 0) return "";
    text.append(buffer, static_cast<size_t>(n));
  }
  return text;
}

ServerRequest parse_head(const std::string& text) {
  std::istringstream lines(text);
  ServerRequest request;
  lines >> request.method >> request.target;
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line) && line != "\r") {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    request.headers[name] = line.substr(colon + 2, line.size() - colon - 3);
  }
  return request;
}

std::string format_answer(const ServerAnswer& answer, bool with_body) {
  std::ostringstream text;
  text << "HTTP/1.1 " << answer.status << " Status\r\n";
  for (const auto& [name, value] : answer.headers) text << name << ": " << value << "\r\n";
  if (!answer.headers.contains("Content-Length")) text << "Content-Length: " << answer.body.size() << "\r\n";
  text << "Connection: close\r\n\r\n";
  if (with_body) text << answer.body.substr(0, answer.break_after.value_or(answer.body.size()));
  return text.str();
}

void send_all(int connection, const std::string& text) {
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = ::send(connection, text.data() + done, text.size() - done, MSG_NOSIGNAL);
    if (n <= 0) return;
    done += static_cast<size_t>(n);
  }
}

}  // namespace

TestServer::TestServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, generic, &size) != 0) {
    throw std::runtime_error("test server: no loopback port");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_connections(); });
}

TestServer::~TestServer() {
  stopping_ = true;
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
}

void TestServer::accept_connections() {
  while (!stopping_) {
    pollfd poll_entry{listener_, POLLIN, 0};
    if (::poll(&poll_entry, 1, 20) <= 0) continue;
    const int connection = ::accept(listener_, nullptr, nullptr);
    if (connection >= 0) threads_.emplace_back([this, connection] { serve(connection); });
  }
}

void TestServer::serve(int connection) {
  if (const std::string head = read_head(connection); !head.empty()) {
    const ServerRequest request = parse_head(head);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const ServerAnswer answer = handler_(request);
    while (answer.hang && !stopping_) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (!answer.hang) send_all(connection, format_answer(answer, request.method != "HEAD"));
  }
  ::close(connection);
}

std::string TestServer::url() const {
  return "http://127.0.0.1:" + std::to_string(port_);
}

std::vector<ServerRequest> TestServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::vector<std::string> TestServer::lines() const {
  std::vector<std::string> lines;
  for (const ServerRequest& request : requests()) lines.push_back(request.method + " " + request.target);
  return lines;
}

size_t TestServer::count(const std::string& method_and_target) const {
  const auto all = lines();
  return static_cast<size_t>(std::count(all.begin(), all.end(), method_and_target));
}

size_t TestServer::count_containing(const std::string& fragment) const {
  const auto all = lines();
  return static_cast<size_t>(std::count_if(
      all.begin(), all.end(), [&](const auto& line) { return line.find(fragment) != std::string::npos; }));
}

void TestServer::forget() {
  const std::lock_guard lock(mutex_);
  requests_.clear();
}

}  // namespace modernbert::testing
