// Random numbers as a function of (key, counter) instead of a stream with a state: any draw can be made in
// any order, by any thread, after any restart, and is the same. Masking, dropout, shuffling and
// initialisation draw from here.
//
//   const uint64_t key = random_hash(seed, epoch);                   // keys are hashes of what they depend
//   on if (random_uniform(random_hash(key, document), position) < rate) …
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace modernbert {

// Number `counter` of the splitmix64 sequence that starts at `key` (Steele, Lea, Flood 2014).
// Keys that are themselves hashes give independent sequences.
constexpr uint64_t random_hash(uint64_t key, uint64_t counter) {
  uint64_t z = key + (counter + 1) * 0x9E3779B97F4A7C15U;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
  z = (z ^ z >> 27) * 0x94D049BB133111EBU;
  return z ^ z >> 31;
}

// [0,1), all 53 bits of a double's mantissa.
constexpr double random_uniform(uint64_t key, uint64_t counter) {
  return static_cast<double>(random_hash(key, counter) >> 11) * 0x1p-53;
}

// [0,1), all 24 bits of a float's mantissa.
constexpr float random_uniform_float(uint64_t key, uint64_t counter) {
  return static_cast<float>(random_hash(key, counter) >> 40) * 0x1p-24F;
}

// An integer in [0,n), n > 0; the bias of at most n / 2^64 is below anything that can be noticed.
constexpr uint64_t random_below(uint64_t key, uint64_t counter, uint64_t n) {
  __extension__ using uint128 = unsigned __int128;
  return static_cast<uint64_t>(static_cast<uint128>(random_hash(key, counter)) * n >> 64);
}

// Mean 0, variance 1 (Box-Muller; numbers 2*counter and 2*counter+1 of the key).
inline double random_normal(uint64_t key, uint64_t counter) {
  const double radius = std::sqrt(-2 * std::log(1 - random_uniform(key, 2 * counter)));
  return radius * std::cos(2 * std::numbers::pi * random_uniform(key, 2 * counter + 1));
}

}  // namespace modernbert
