// The processes that a run was started with.
#pragma once

#include <memory>

#include "training/distributed/communicator.h"
#include "training/recipe/recipe.h"

namespace modernbert::cli {

// Joins the others if mpirun or srun has started several; otherwise this process is alone and MPI is not
// touched. Errors: kUnsupported where several were started and the program was built without MPI; kNetwork.
std::unique_ptr<Communicator> join_processes(const DistributedRecipe& recipe);

}  // namespace modernbert::cli
