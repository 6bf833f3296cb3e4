#include "cli/process_memory.h"

#include <fstream>
#include <string>

#include "tensor/slab.h"

namespace modernbert::cli {
namespace {

// A line of /proc/self/status, "VmRSS:   12345 kB", in bytes.
double status_field(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kibibytes = 0;
    if (word == name && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

}  // namespace

double resident_bytes() {
  return status_field("VmRSS:");
}

double peak_resident_bytes() {
  return status_field("VmHWM:");
}

bool forget_peak_resident_bytes() {
  return_freed_memory();  // what earlier work has freed is not this work's
  std::ofstream refs("/proc/self/clear_refs");
  refs << "5" << std::flush;  // proc(5): resets VmHWM
  return static_cast<bool>(refs);
}

}  // namespace modernbert::cli
