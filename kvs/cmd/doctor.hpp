// What the doctor looks at besides the topic.
#pragma once
#include <chrono>
#include <cstdint>
#include <vector>

#include "kvs/bus/kafka_history.hpp"
#include "kvs/bus/kafka_topic.hpp"
#include "kvs/cmd/serve.hpp"
#include "kvs/cmd/settings.hpp"

namespace kvs {

using Findings = std::vector<Finding>;

// The machine: data directory, its space, files that may be open at a time. Changes nothing.
void look_at_machine(const ServeOptions& options, Findings& findings);
// The files of --auth-file and --tls-cert.
void look_at_access(const ServeOptions& options, Findings& findings);
// The server that --server, or else the first listener, leads to; none running is no failure.
void look_at_server(const Settings& settings, const ServeOptions& options, Findings& findings);
// The brokers, the topic and their clock; with `write` a record is written and read back.
void look_at_kafka(const Settings& settings, const KafkaOptions& options, bool write, Findings& findings);

// The parts that need nothing but numbers.
Finding judge_space(std::uint64_t free, std::uint64_t held, std::uint64_t history, const std::string& directory);
Finding judge_files(std::uint64_t allowed, std::uint64_t most, unsigned connections);
Finding judge_certificate(std::chrono::system_clock::time_point expires, std::chrono::system_clock::time_point now);
Finding judge_clock(const KafkaProbe& probe);

}  // namespace kvs
