// Findings as a command shows them: a line each, with its repair.
#pragma once
#include <string_view>
#include <vector>

#include "kvs/bus/kafka_topic.hpp"
#include "kvs/cmd/output.hpp"

namespace kvs {

// In the form that was asked for, and the exit code that goes with them: 1 if something failed.
int show(Output& output, const std::vector<Finding>& findings);

std::string_view to_string(Finding::Level level);

}  // namespace kvs
