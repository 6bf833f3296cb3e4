// How many threads to run where nobody says.
#pragma once

namespace modernbert {

// OMP_NUM_THREADS where it is set. Otherwise the processors that this process may run on, but no more than
// its quota of processor time (core/control_group.h) pays for: threads beyond it are stopped in the middle of
// their work while the others wait for them. Of several processes on a host, those that are not bound to
// processors share them out. Never more than OMP_THREAD_LIMIT.
int default_threads(int processes_on_host = 1);

// `wanted`, or where that is 0 (or less) default_threads().
int choose_threads(int wanted, int processes_on_host = 1);

}  // namespace modernbert
