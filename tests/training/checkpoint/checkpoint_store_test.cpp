#include "training/checkpoint/checkpoint_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "core/file.h"
#include "temporary_folder.h"

namespace modernbert::testing {
namespace {

namespace fs = std::filesystem;

void fill(const fs::path& folder) {
  fs::create_directories(folder);
  std::ofstream(folder / "file") << "content";
}

std::vector<std::string> names(const fs::path& folder) {
  std::vector<std::string> list;
  for (const auto& entry : fs::directory_iterator(folder)) list.push_back(entry.path().filename());
  std::ranges::sort(list);
  return list;
}

TEST(CheckpointStore, KeepsTheNewest) {
  const TemporaryFolder folder;
  const CheckpointStore store(folder.path(), 2);
  for (const int64_t step : {9, 10, 200}) store.write(step, fill);
  EXPECT_EQ(names(folder.path()), (std::vector<std::string>{"step-000000010", "step-000000200"}));
  EXPECT_EQ(store.newest()->filename(), "step-000000200");
}

TEST(CheckpointStore, AFailedWriteChangesNothing) {
  const TemporaryFolder folder;
  const CheckpointStore store(folder.path(), 1);
  store.write(1, fill);
  const auto half = [](const fs::path& path) {
    fill(path);
    throw std::runtime_error("disk full");
  };
  EXPECT_THROW(store.write(2, half), std::runtime_error);
  EXPECT_EQ(names(folder.path()), (std::vector<std::string>{"step-000000001"}));
}

TEST(CheckpointStore, WhatAKilledRunLeftIsNoCheckpointAndIsRemoved) {
  const TemporaryFolder folder;
  const CheckpointStore store(folder.path(), 1);
  store.write(1, fill);
  fill(folder.path() / ".unfinished-step-000000002");
  fill(folder.path() / ".removed-step-000000000");
  EXPECT_EQ(store.list().size(), 1u);
  store.clean();
  EXPECT_EQ(names(folder.path()), (std::vector<std::string>{"step-000000001"}));
}

TEST(CheckpointStore, ReplacesAStepThatIsThere) {
  const TemporaryFolder folder;
  const CheckpointStore store(folder.path(), 1);
  store.write(1, fill);
  store.write(1, [](const fs::path& path) {
    fs::create_directories(path);
    std::ofstream(path / "file") << "new";
  });
  EXPECT_EQ(read_file(folder.path() / "step-000000001" / "file"), "new");
}

}  // namespace
}  // namespace modernbert::testing
