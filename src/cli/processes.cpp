#include "cli/processes.h"

#include <cstdlib>
#include <string>

#include "core/fail.h"
#ifdef MODERNBERT_HAS_MPI
#include "mpi/mpi_communicator.h"
#endif

namespace modernbert::cli {
namespace {

int number_in(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? 0 : std::atoi(text);
}

// How many processes a launcher says that it has started; 0: no launcher.
int launched_processes() {
  // Open MPI's mpirun, and launchers that speak PMI-1.
  for (const char* variable : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    if (const int count = number_in(variable); count > 0) return count;
  }
  // srun --mpi=pmix sets a namespace; SLURM_NTASKS alone is also there in the batch script itself.
  return std::getenv("PMIX_NAMESPACE") == nullptr ? 0 : number_in("SLURM_NTASKS");
}

}  // namespace

std::unique_ptr<Communicator> join_processes([[maybe_unused]] const DistributedRecipe& recipe) {
  const int count = launched_processes();
  if (count <= 1) return std::make_unique<OneProcess>();
#ifdef MODERNBERT_HAS_MPI
  return std::make_unique<MpiCommunicator>(recipe);
#else
  fail(ErrorCode::kUnsupported, "started as one of {} processes, but this program was built without MPI",
       count);
#endif
}

}  // namespace modernbert::cli
