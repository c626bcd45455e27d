#include "kvs/net/starting.hpp"

namespace kvs {

std::string starting_text(const Store& store) {
  BusStatus bus = store.bus_status();
  if (bus.lag) return "catching up with the bus, " + std::to_string(*bus.lag) + " commands to go";
  if (!bus.detail.empty()) return "waiting for the bus (" + bus.detail + ")";
  return "loading the data";
}

}  // namespace kvs
