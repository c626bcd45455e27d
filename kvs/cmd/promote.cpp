// kvs promote: the keys of a data directory become the beginning of a topic.
#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <iostream>
#include <utility>
#include <vector>

#include "kvs/bus/kafka_promotion.hpp"
#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/instance_name.hpp"
#include "kvs/cmd/kafka_command.hpp"
#include "kvs/cmd/kafka_settings.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/progress.hpp"
#include "kvs/json_text.hpp"
#include "kvs/store/damaged_data.hpp"
#include "kvs/store/posix_file.hpp"
#include "kvs/store/unchanged_directory.hpp"

namespace kvs {
namespace {

namespace fs = std::filesystem;

void check_request(const Settings& settings) {
  if (!settings.given("to")) throw UsageError("where to? kvs promote --data-dir DIR --to kafka --kafka-brokers ...");
  if (!settings.given("data-dir")) throw UsageError("which data? give --data-dir DIR");
}

UnchangedDirectory read(const Settings& settings) try {
  fs::path directory = settings.text("data-dir");
  std::error_code ignored;
  if (!fs::is_directory(directory, ignored))
    throw Failure(exit_code::other, "there is no directory " + directory.string());
  PosixFiles files;
  Progress progress(settings, "reading", Progress::Unit::bytes);
  return read_unchanged(files, directory, [&](std::uint64_t done, std::uint64_t all) { progress.at(done, all); });
} catch (const DamagedData& damage) {
  throw Failure(exit_code::bad_data, damage.what());
}

// In the order in which they were last changed: who watches the topic sees what happened, in short.
std::vector<const Record*> by_revision(const State& state) {
  std::vector<const Record*> records;
  records.reserve(state.size());
  for (auto cursor = state.begin(); const Record* record = cursor.get(); cursor.next()) records.push_back(record);
  std::ranges::sort(records, {}, [](const Record* record) { return std::pair(record->revision(), record->key()); });
  return records;
}

// A record that the topic refuses would be found out in the middle.
void check_sizes(const std::vector<const Record*>& records, const KafkaOptions& options) {
  std::size_t most = options.max_command_bytes - KafkaOptions::command_overhead;
  for (const Record* record : records) {
    if (record->value().size() <= most) continue;
    throw Failure(exit_code::other,
                  "nothing was written: the value of " + std::string(record->key()) + " has " +
                      std::to_string(record->value().size()) + " bytes",
                  "--max-value-size " + std::to_string(record->value().size()) + " takes it");
  }
}

void check_safe(const TopicDescription& topic, const KafkaOptions& options) {
  std::vector<Finding> findings = check_topic(topic, options);
  if (any_failed(findings))
    throw Failure(exit_code::other, "nothing was written: the topic " + options.topic + " is not safe to keep data in",
                  "kvs topic check says what to do");
}

LogId write(const Settings& settings, const KafkaOptions& options, const TopicDescription& topic,
            const std::vector<const Record*>& records) {
  KafkaPromotion promotion(options, topic, kafka_timeout(settings));
  Progress progress(settings, "writing", Progress::Unit::keys);
  std::uint64_t done = 0;
  for (const Record* record : records) {
    promotion.set(*record);
    progress.at(++done, records.size());
  }
  promotion.finish();
  return promotion.log_id();
}

void say(const Settings& settings, Output& output, const KafkaOptions& options, std::size_t keys, LogId log_id) {
  std::string start = "kvs serve --bus kafka --kafka-brokers " + options.brokers + " --kafka-topic " + options.topic +
                      " --instance " + options.instance + " --data-dir NEW-DIRECTORY";
  if (output.form() == Form::human || output.form() == Form::table) {
    output.write(std::to_string(keys) + (keys == 1 ? " key is" : " keys are") + " in the topic " + options.topic +
                 ", whose log id is " + to_string(log_id) + "\n");
    if (!output.quiet())
      output.write("start an instance on it, with a data directory of its own (not " + settings.text("data-dir") +
                   "):\n  " + start + "\n");
  } else {
    output.write_json(boost::json::serialize(boost::json::object{{"keys", keys},
                                                                 {"topic", options.topic},
                                                                 {"log_id", to_string(log_id)},
                                                                 {"instance", options.instance},
                                                                 {"start", start}}));
  }
  output.flush();
}

}  // namespace

int promote(const Settings& settings) {
  return with_topic(settings, [&](KafkaTopic& topic, const KafkaOptions& given, Output& output) {
    check_request(settings);
    KafkaOptions options = given;
    options.instance = instance_name(settings, {});
    UnchangedDirectory data = read(settings);
    if (!data.notes.empty() && !output.quiet()) std::cerr << data.notes;
    std::vector<const Record*> records = by_revision(data.state);
    check_sizes(records, options);
    TopicDescription found = topic.describe(kafka_timeout(settings));
    if (!found.exists) {
      topic.create(kafka_timeout(settings));
      found = topic.describe(kafka_timeout(settings));
    }
    check_safe(found, options);
    LogId log_id = write(settings, options, found, records);
    say(settings, output, options, records.size(), log_id);
    return exit_code::ok;
  });
}

}  // namespace kvs
