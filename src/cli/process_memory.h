// Memory of this process.
#pragma once

namespace modernbert::cli {

// Bytes in RAM now, and at most so far; 0 where the system does not say.
double resident_bytes();
double peak_resident_bytes();

// Makes the peak begin anew at what is in RAM now. False where the system does not let us.
bool forget_peak_resident_bytes();

}  // namespace modernbert::cli
