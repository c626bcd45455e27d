// Names for what must not be taken for another of its kind: a history, a process.
#pragma once
#include <cstdint>

namespace kvs {

// From the system's source of randomness; never 0, which stands for none. Throws what std::random_device does.
std::uint64_t random_id();

}  // namespace kvs
