// Which Kafka library this program runs with, for those who report it.
#pragma once
#include <string_view>

namespace kvs {

// "2.0.2"; static text.
std::string_view kafka_library_version();

}  // namespace kvs
