// kvs topic trim.
#include <algorithm>
#include <boost/json.hpp>
#include <iostream>

#include "kvs/bus/kafka_history.hpp"
#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/confirm.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/kafka_command.hpp"
#include "kvs/cmd/kafka_settings.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/remote.hpp"
#include "kvs/cmd/trim_plan.hpp"
#include "kvs/json_text.hpp"
#include "kvs/suggest.hpp"

namespace kvs {
namespace {

std::string ask_status(const Settings& settings) {
  Remote remote(settings);
  ClientAnswer answer = remote.ask({.method = "GET", .target = "/v1/status", .fields = {}, .body = {}});
  if (answer.status != 200) throw failure_from(answer);
  return answer.body;
}

void check_names(const std::vector<TrimMember>& members, const std::vector<std::string>& forgotten) {
  std::vector<std::string_view> names;
  for (const TrimMember& one : members) names.push_back(one.name);
  for (const std::string& name : forgotten) {
    if (std::ranges::find(names, name) != names.end()) continue;
    std::string_view near = closest(name, names);
    throw UsageError("--forget: no instance is called " + name,
                     near.empty() ? "kvs status lists them" : "did you mean " + std::string(near) + "?");
  }
}

// Revisions of another topic would be nonsense here, and deleting by them the end of somebody's data.
void check_same_log(const std::string& status, const KafkaOptions& options, const TopicDescription& topic,
                    KafkaTopic::Timeout timeout) {
  std::optional<LogId> here = find_log_id(options, topic, timeout);
  std::string servers = json_string(status, "log_id").value_or("unknown");
  if (here && to_string(*here) == servers) return;
  throw Failure(exit_code::other,
                "nothing was done: the server's history is " + servers + ", the topic " + options.topic + " at " +
                    options.brokers + " has " + (here ? to_string(*here) : "none that can be recognised"),
                "--server, --kafka-brokers and --kafka-topic must belong together");
}

void say(Output& output, const TrimPlan& plan, const TopicDescription& topic, std::int64_t begin, bool done) {
  if (output.form() == Form::human || output.form() == Form::table) {
    std::string count = std::to_string(begin - topic.begin);
    if (begin == topic.begin) {
      output.write("nothing to delete: the records up to offset " + std::to_string(begin) +
                   " are gone, and what follows is needed by " + plan.bound_by + "\n");
    } else {
      output.write((done ? "deleted " : "would delete ") + count + " records, up to offset " + std::to_string(begin) +
                   "; what follows is needed by " + plan.bound_by + "\n");
    }
  } else {
    boost::json::object object{{"deleted", done ? begin - topic.begin : 0},
                               {"begin", begin},
                               {"end", topic.end},
                               {"bound_by", plan.bound_by},
                               {"dry_run", !done && begin != topic.begin}};
    output.write_json(boost::json::serialize(object));
  }
  output.flush();
}

}  // namespace

int topic_trim(const Settings& settings) {
  return with_topic(settings, [&](KafkaTopic& topic, const KafkaOptions& options, Output& output) {
    std::string status = ask_status(settings);
    std::vector<TrimMember> members = members_in(status);
    std::vector<std::string> forgotten = settings.list("forget");
    check_names(members, forgotten);
    TrimPlan plan = plan_trim(members, forgotten);
    if (plan.bound_by.empty())
      throw Failure(exit_code::other, "nothing was done: no instance is left that would have what is deleted");
    TopicDescription found = topic.describe(kafka_timeout(settings));
    if (!found.exists) throw KafkaError(KafkaError::Kind::no_topic, "there is no topic " + options.topic);
    check_same_log(status, options, found, kafka_timeout(settings));
    std::int64_t offset = std::clamp(plan.offset, found.begin, found.end);
    bool wanted = offset > found.begin && !settings.on("dry-run");
    std::string question = "Delete " + std::to_string(offset - found.begin) + " records of the topic " + options.topic +
                           ", for everybody and for good?";
    if (!wanted) {
      say(output, plan, found, offset, false);
    } else if (confirmed(settings, question)) {
      say(output, plan, found, topic.trim(offset, kafka_timeout(settings)), true);
      if (!output.quiet())
        std::cerr << "an instance that starts with an empty data directory now needs --bootstrap-from URL\n";
    } else {
      return exit_code::other;
    }
    return exit_code::ok;
  });
}

}  // namespace kvs
