// What a store does that is not ready yet, for people.
#pragma once
#include <string>

#include "kvs/store/store.hpp"

namespace kvs {

// "loading the data, 40 %", "waiting for the bus (no broker answers)", "catching up with the bus, 1234 commands to go".
std::string starting_text(const Store& store);

}  // namespace kvs
