#include "kvs/bus/library_version.hpp"

#include <librdkafka/rdkafka.h>

namespace kvs {

std::string_view kafka_library_version() { return rd_kafka_version_str(); }

}  // namespace kvs
