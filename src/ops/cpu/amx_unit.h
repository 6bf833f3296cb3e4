// The matrix unit (AMX): eight registers of 16 rows of 64 bytes.
#pragma once

namespace modernbert {

// Whether the CPU has the unit's products of this type and the operating system lets this process use its
// registers: asked for once, for all threads.
bool amx_bf16_usable();
bool amx_int8_usable();

// The registers' shapes belong to a thread. They are set for one piece of work and given back after it: other
// code on the thread may shape them otherwise. Only where a product is usable.
class AmxScope {
 public:
  AmxScope();
  ~AmxScope();
  AmxScope(const AmxScope&) = delete;
  AmxScope& operator=(const AmxScope&) = delete;
};

}  // namespace modernbert
