// The checkpoints of a run: OUTPUT/checkpoints/step-000001000 and so on. Each appears by one rename, whole or
// not at all, and goes by one; whatever a killed run left behind has another name and is removed at the next
// start.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

namespace modernbert {

// One process at a time (the run holds a lock on the output folder).
class CheckpointStore {
 public:
  // keep: how many of the newest stay.
  CheckpointStore(std::filesystem::path folder, int64_t keep);

  // Removes what unfinished writing and removal left behind.
  void clean() const;
  // Oldest first.
  std::vector<std::filesystem::path> list() const;
  std::optional<std::filesystem::path> newest() const;

  // Calls `fill` with the name of a folder that does not exist yet, then gives it its final name and removes
  // the oldest ones. A step that is there already is replaced. If `fill` fails, nothing changes.
  std::filesystem::path write(int64_t step,
                              const std::function<void(const std::filesystem::path&)>& fill) const;

 private:
  void remove(const std::filesystem::path& checkpoint) const;
  std::filesystem::path folder_;
  int64_t keep_;
};

}  // namespace modernbert
