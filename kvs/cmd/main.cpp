#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "kvs/cmd/command_line.hpp"
#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/failure.hpp"
#include "kvs/cmd/help.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/serve.hpp"
#include "kvs/cmd/settings.hpp"

namespace kvs {
namespace {

int print(const std::string& text) {
  std::cout << text << std::flush;
  return std::cout ? exit_code::ok : exit_code::other;
}

int explain(const CommandLine& line) {
  if (!line.group.empty()) return print(help_group(line.group));
  if (!line.command || (line.command->verb == Verb::help && line.arguments.empty())) return print(help());
  if (line.command->verb != Verb::help) return print(help(*line.command));
  const std::string& first = line.arguments.front();
  if (!is_command_group(first)) return print(help(command_named(first)));
  return print(line.arguments.size() == 1 ? help_group(first) : help(command_named(first + " " + line.arguments[1])));
}

int run_server(const Settings& settings) {
  ServeOptions options = serve_options(settings);
  if (settings.on("print-kafka-config")) return print(kafka_config_text(options.kafka));
  if (settings.on("check-config")) return print("the configuration is valid\n");
  return serve(settings, options);
}

// A command that a signal ends says so by its exit code; `watch` takes care of itself once it runs.
void end_by_signal(int number) { _exit(128 + number); }

int run_client(const Settings& settings, bool legacy) {
  std::signal(SIGPIPE, SIG_IGN);  // what nobody reads is an error of write()
  std::signal(SIGINT, end_by_signal);
  std::signal(SIGTERM, end_by_signal);
  switch (settings.verb()) {
    case Verb::get:
      return legacy ? legacy_get(settings) : get(settings);
    case Verb::set:
      return legacy ? legacy_set(settings) : set(settings);
    case Verb::remove:
      return remove(settings);
    case Verb::watch:
      return legacy ? legacy_watch(settings) : watch(settings);
    case Verb::touch:
      return touch(settings);
    case Verb::list:
      return list(settings);
    case Verb::txn:
      return txn(settings);
    case Verb::history:
      return history(settings);
    case Verb::export_keys:
      return export_keys(settings);
    case Verb::import_keys:
      return import_keys(settings);
    case Verb::repair:
      return repair(settings);
    case Verb::wait:
      return wait(settings);
    case Verb::exec:
      return exec(settings);
    case Verb::status:
      return status(settings);
    case Verb::doctor:
      return doctor(settings);
    case Verb::topic_create:
      return topic_create(settings);
    case Verb::topic_check:
      return topic_check(settings);
    case Verb::topic_describe:
      return topic_describe(settings);
    case Verb::topic_trim:
      return topic_trim(settings);
    case Verb::promote:
      return promote(settings);
    case Verb::snapshot_save:
      return snapshot_save(settings);
    case Verb::snapshot_inspect:
      return snapshot_inspect(settings);
    case Verb::snapshot_restore:
      return snapshot_restore(settings);
    case Verb::context_add:
      return context_add(settings);
    case Verb::context_list:
      return context_list(settings);
    case Verb::context_show:
      return context_show(settings);
    case Verb::context_select:
      return context_select(settings);
    case Verb::context_remove:
      return context_remove(settings);
    case Verb::token_create:
      return token_create(settings);
    case Verb::config_show:
      return config_show(settings);
    case Verb::completion:
      return completion(settings);
    case Verb::complete_words:
      return complete_words(settings);
    case Verb::write_manual:
      return write_manual(settings);
    default:
      return health(settings);
  }
}

int show_version(const CommandLine& line) {
  auto form = line.flags.find("output");
  bool as_json = line.on("json") || (form != line.flags.end() && form->second.back().ends_with("json"));
  return print(as_json ? "{\"version\":\"" KVS_VERSION "\"}\n" : "kvs " KVS_VERSION "\n");
}

int run(CommandLine line, bool legacy) {
  if (line.on("version") || (line.command && line.command->verb == Verb::version)) return show_version(line);
  if (!line.group.empty() && !line.on("help"))
    throw UsageError("kvs " + line.group + " needs a command", "kvs help " + line.group + " lists them");
  if (!line.command || line.on("help") || line.command->verb == Verb::help) return explain(line);
  Settings settings(std::move(line), [](const char* name) -> const char* { return std::getenv(name); });
  return settings.verb() == Verb::serve ? run_server(settings) : run_client(settings, legacy);
}

int guarded(const std::vector<std::string>& words, bool legacy) {
  try {
    return run(parse_command_line(words), legacy);
  } catch (const OutputClosed&) {
    return exit_code::ok;
  } catch (const Failure& failure) {
    report(failure);
    return failure.exit_code();
  } catch (const std::exception& error) {
    report(Failure(exit_code::other, error.what()));
    return exit_code::other;
  }
}

}  // namespace
}  // namespace kvs

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  return kvs::guarded(words, kvs::called_as_legacy(argc > 0 ? argv[0] : nullptr));
}
