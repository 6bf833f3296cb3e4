// SIGTERM, SIGUSR1 and Ctrl-C as a wish: what runs for hours saves its work and ends.
#pragma once

#include <atomic>

namespace modernbert::cli {

// The signal that came; 0 = none.
const std::atomic<int>& stop_request();

// From here on the first signal is kept in stop_request(); the second one, from somebody who cannot wait, is
// as usual.
void catch_stop_signals();

// 128 + the signal's number, as shells say.
int exit_code_of_signal(int signal);

// That of the signal that came; else `otherwise`.
int exit_code_after_stop(int otherwise);

}  // namespace modernbert::cli
