#include "kvs/net/starting.hpp"

namespace kvs {

std::string starting_text(const Store& store) {
  BusStatus bus = store.bus_status();
  if (bus.lag) return "catching up with the bus, " + std::to_string(*bus.lag) + " commands to go";
  if (!bus.detail.empty()) return "waiting for the bus (" + bus.detail + ")";
  Loading loading = store.loading();
  if (loading.done_bytes == loading.all_bytes) return "loading the data";
  return "loading the data, " + std::to_string(100 * loading.done_bytes / loading.all_bytes) + " %";
}

}  // namespace kvs
