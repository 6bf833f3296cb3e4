// A small HTTP/1.1 server on a free loopback port. Answers come from a function; every request is recorded.
// One thread accepts, one thread per connection serves; a connection ends after one answer.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace modernbert::testing {

struct ServerRequest {
  std::string method;
  std::string target;                          // path with query
  std::map<std::string, std::string> headers;  // names in lower case

  bool has(const std::string& name) const { return headers.contains(name); }
};

struct ServerAnswer {
  int status = 200;
  std::map<std::string, std::string> headers;
  std::string body;
  std::optional<size_t> break_after;  // close the connection after so many bytes of the body
  bool hang = false;                  // never answer
};

class TestServer {
 public:
  using Handler = std::function<ServerAnswer(const ServerRequest&)>;

  explicit TestServer(Handler handler);
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  std::string url() const;                                     // http://127.0.0.1:<port>
  std::vector<ServerRequest> requests() const;                 // so far, in order of arrival
  std::vector<std::string> lines() const;                      // "GET /path" of each
  size_t count(const std::string& method_and_target) const;    // exact line
  size_t count_containing(const std::string& fragment) const;  // lines that hold the fragment
  void forget();                                               // drops the record

 private:
  void accept_connections();
  void serve(int connection);

  Handler handler_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<ServerRequest> requests_;
  std::vector<std::thread> threads_;  // of connections; owned by the accepting thread until it ends
  std::thread acceptor_;
};

}  // namespace modernbert::testing
