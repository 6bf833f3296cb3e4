// Texts that a task has tokenized and not yet run, so that one thread can tokenize the next texts while
// another keeps the encoder busy:
//
//   auto prepared = embed.prepare(texts);     // on any thread
//   auto vectors = embed.run(prepared);       // the same bits as embed(texts)
#pragma once

#include <memory>
#include <utility>

namespace modernbert {

// A cheap handle to immutable tokens; share it between threads. It belongs to the task object that made it
// and to the options it was made with.
class PreparedTexts {
 public:
  struct Impl;
  // For the library itself.
  explicit PreparedTexts(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  const Impl& impl() const { return *impl_; }

 private:
  std::shared_ptr<const Impl> impl_;
};

}  // namespace modernbert
